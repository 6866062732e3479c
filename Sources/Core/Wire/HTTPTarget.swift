/// A request's target taken apart: a path, percent-decoded and without dot segments, and the query's pairs.
///
/// Only the form that begins with a slash is taken (and `*` for OPTIONS): this server is nobody's proxy.
package struct HTTPTarget: Sendable, Equatable {
    package struct Pair: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// As it came.
    package let raw: String
    /// Decoded. Holds no `.` or `..` segment and no control byte, also none that was hidden in percent signs.
    package let path: String
    /// Decoded, in order; a plus sign stands for a space.
    package let query: [Pair]

    init(_ bytes: UnsafeRawBufferPointer, method: String) throws(HTTPError) {
        for byte in bytes where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") {
            throw .malformed("a byte in the target that must be percent-encoded")
        }
        raw = String(decoding: bytes, as: UTF8.self)
        if raw == "*", method == "OPTIONS" {
            (path, query) = (raw, [])
            return
        }
        guard bytes.first == UInt8(ascii: "/") else { throw .malformed("the target is not a path") }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        path = try Self.path(bytes[..<mark])
        query = mark < bytes.count ? try Self.pairs(bytes[(mark + 1)...]) : []
    }

    /// The first value of this name in the query.
    package func first(_ name: String) -> String? { query.first { $0.name == name }?.value }

    private static func path(_ bytes: Slice<UnsafeRawBufferPointer>) throws(HTTPError) -> String {
        let decoded = try decode(bytes, space: nil)
        guard decoded.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .malformed("a control byte in the path")
        }
        for segment in decoded.utf8.split(separator: UInt8(ascii: "/")) {
            let isDots = segment.count <= 2 && segment.allSatisfy { $0 == UInt8(ascii: ".") }
            guard !isDots else { throw .malformed("a dot segment in the path") }
        }
        return decoded
    }

    static func pairs(_ bytes: Slice<UnsafeRawBufferPointer>) throws(HTTPError) -> [Pair] {
        var pairs: [Pair] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            pairs.append(
                Pair(
                    name: try decode(part[..<equals], space: UInt8(ascii: "+")),
                    value: try decode(part[equals...].dropFirst(), space: UInt8(ascii: "+"))))
        }
        return pairs
    }

    private static func decode(
        _ bytes: Slice<UnsafeRawBufferPointer>, space: UInt8?
    ) throws(HTTPError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index > 2, let high = HTTPText.hexValue(bytes[index + 1]),
                    let low = HTTPText.hexValue(bytes[index + 2])
                else { throw .malformed("a percent sign without two hex digits") }
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(byte == space ? 0x20 : byte)
                index += 1
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformed("a target is not UTF-8") }
        return text
    }
}
