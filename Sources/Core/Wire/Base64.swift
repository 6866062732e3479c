import CCrypto

/// Base64 (RFC 4648) over libcrypto, in the standard and the URL alphabet.
///
/// Decoding takes only what encoding gives, so equal bytes have one spelling: no white space, no missing or extra padding,
/// no stray bits.
package enum Base64 {
    /// The standard alphabet, padded.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return "" }
        let count = (bytes.count + 2) / 3 * 4
        // One more than the text: the library ends it with a zero byte.
        let text = [UInt8](unsafeUninitializedCapacity: count + 1) { buffer, initializedCount in
            _ = EVP_EncodeBlock(
                buffer.baseAddress, base.assumingMemoryBound(to: UInt8.self), Int32(bytes.count))
            initializedCount = count
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

    /// The bytes of a padded text in the standard alphabet; nil if it is not exactly what `encode` gives for them.
    package static func decode(_ text: String) -> [UInt8]? {
        let source = Array(text.utf8)
        guard source.count.isMultiple(of: 4) else { return nil }
        guard !source.isEmpty else { return [] }
        let paddingCount = source.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes = [UInt8](repeating: 0, count: source.count / 4 * 3)
        guard EVP_DecodeBlock(&bytes, source, Int32(source.count)) == bytes.count else { return nil }
        bytes.removeLast(paddingCount)
        return encode(bytes) == text ? bytes : nil
    }

    /// The URL alphabet, without padding: for tokens.
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        let text = encode(bytes).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of an unpadded text in the URL alphabet; nil if it is not exactly what `encodeURL` gives for them.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        var standard: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        while !standard.count.isMultiple(of: 4) { standard.append(UInt8(ascii: "=")) }
        return decode(String(decoding: standard, as: UTF8.self))
    }
}
