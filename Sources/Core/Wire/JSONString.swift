/// JSON's string escapes, both ways.
enum JSONString {
    /// The scalar that the escape at `start` stands for and how many bytes it takes; nil if it is none, or half a pair.
    static func escape(
        _ text: UnsafeRawBufferPointer, at start: Int
    ) -> (scalar: Unicode.Scalar, byteCount: Int)? {
        guard start + 1 < text.count else { return nil }
        switch text[start + 1] {
        case UInt8(ascii: "\""): return ("\"", 2)
        case UInt8(ascii: "\\"): return ("\\", 2)
        case UInt8(ascii: "/"): return ("/", 2)
        case UInt8(ascii: "b"): return ("\u{08}", 2)
        case UInt8(ascii: "f"): return ("\u{0C}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"): break
        default: return nil
        }
        guard let unit = hexUnit(text, at: start) else { return nil }
        if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
        guard UTF16.isLeadSurrogate(unit), let other = hexUnit(text, at: start + 6), UTF16.isTrailSurrogate(other)
        else { return nil }
        return (UTF16.decode(UTF16.EncodedScalar([unit, other])), 12)
    }

    /// The four hex digits behind `\u` at `start`.
    private static func hexUnit(_ text: UnsafeRawBufferPointer, at start: Int) -> UInt16? {
        guard start + 6 <= text.count, text[start] == UInt8(ascii: "\\"), text[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for byte in text[start + 2..<start + 6] {
            guard let digit = HTTPText.hexValue(byte) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Appends what a checked string, with its quotes, stands for.
    static func append(_ quoted: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        var position = 1
        let end = quoted.count - 1
        while position < end {
            if quoted[position] == UInt8(ascii: "\\"), let (scalar, byteCount) = escape(quoted, at: position) {
                out.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
                position += byteCount
            } else {
                out.append(quoted[position])
                position += 1
            }
        }
    }

    static func decode(_ quoted: UnsafeRawBufferPointer) -> String {
        let inner = quoted[1..<max(1, quoted.count - 1)]
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(quoted.count)
        append(quoted, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text` with quotes around it and escapes only where JSON wants them.
    static func write(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var plainStart = 0
        for (offset, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
            out.append(contentsOf: text[plainStart..<offset])
            plainStart = offset + 1
            writeEscape(byte, to: &out)
        }
        out.append(contentsOf: text[plainStart...])
        out.append(UInt8(ascii: "\""))
    }

    private static func writeEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x22, 0x5C: out.append(byte)
        default:
            let digit = byte & 15
            out.append(contentsOf: "u00".utf8)
            out.append(UInt8(ascii: "0") + byte >> 4)
            out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
