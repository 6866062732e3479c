/// JSON's numbers, both ways.
enum JSONNumber {
    /// A longer number is not worth reading; no Double needs as many digits.
    private static let doubleByteLimit = 1024

    /// Plain decimal digits without a needless zero in front, perhaps with a minus; nil for anything else or if it does not
    /// fit. The loop is not generic, because callers in other modules would run it unspecialised.
    static func integer<T: FixedWidthInteger>(_ text: UnsafeRawBufferPointer) -> T? {
        let isNegative = text.first == UInt8(ascii: "-")
        guard let magnitude = magnitude(text, from: isNegative ? 1 : 0) else { return nil }
        guard isNegative else { return T(exactly: magnitude) }
        guard magnitude <= Int64.min.magnitude else { return nil }
        return T(exactly: Int64(truncatingIfNeeded: 0 &- magnitude))
    }

    private static func magnitude(_ text: UnsafeRawBufferPointer, from start: Int) -> UInt64? {
        let digitCount = text.count - start
        guard digitCount > 0, digitCount <= 20, text[start] != UInt8(ascii: "0") || digitCount == 1 else { return nil }
        var value: UInt64 = 0
        for offset in start..<text.count {
            guard HTTPText.isDigit(text[offset]) else { return nil }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (next, carried) = shifted.addingReportingOverflow(UInt64(text[offset] - UInt8(ascii: "0")))
            guard !overflowed, !carried else { return nil }
            value = next
        }
        return value
    }

    static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= doubleByteLimit, let value = Double(String(decoding: text, as: UTF8.self)) else {
            return nil
        }
        return value.isFinite ? value : nil
    }

    /// The shortest text that reads back as the same value; `description` of a floating-point number, as JSON spells it:
    /// no `.0`, and the strings `"nan"`, `"inf"`, `"-inf"` for what JSON has no number for.
    static func write<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T, to out: inout [UInt8]) {
        guard value.isFinite else {
            let word = value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
            out.append(contentsOf: word.utf8)
            return
        }
        let text = value.description.utf8
        out.append(contentsOf: text)
        if text.count > 2, out.suffix(2).elementsEqual(".0".utf8) { out.removeLast(2) }
    }
}
