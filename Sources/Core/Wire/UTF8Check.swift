/// Checks that bytes are UTF-8 while they arrive in pieces, cut anywhere.
///
/// Refuses overlong forms, surrogates and everything above U+10FFFF at the first byte that proves it, so a bad text ends
/// its connection early. The standard library can check only whole texts, which is why this exists.
package struct UTF8Check: Sendable {
    /// Continuation bytes that the character begun last still owes.
    private var owedCount: UInt8 = 0
    /// The bounds of the next continuation byte.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    package init() {}

    /// Takes the next piece; false if no continuation can make it UTF-8. After false the check must be thrown away.
    package mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            if owedCount == 0 {
                offset = Self.skipASCII(bytes, from: offset)
                guard offset < bytes.count else { return true }
                guard begin(bytes[offset]) else { return false }
            } else {
                let byte = bytes[offset]
                guard byte >= low, byte <= high else { return false }
                (low, high) = (0x80, 0xBF)
                owedCount -= 1
            }
            offset += 1
        }
        return true
    }

    /// No character is cut: a text may end here.
    package var isAtBoundary: Bool { owedCount == 0 }

    /// Whether `bytes` are UTF-8 as they are.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var check = UTF8Check()
        return check.accept(bytes) && check.isAtBoundary
    }

    /// The longest prefix of at most `limit` bytes of `text` that does not cut a character.
    package static func prefix(_ text: String, byteLimit limit: Int) -> Substring {
        let utf8 = text.utf8
        guard var end = utf8.index(utf8.startIndex, offsetBy: limit, limitedBy: utf8.endIndex) else { return text[...] }
        while end > utf8.startIndex, end < utf8.endIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return text[..<end]
    }

    /// Takes the first byte of a character that is not ASCII.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: owedCount = 1
        case 0xE0: (owedCount, low) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE, 0xEF: owedCount = 2
        case 0xED: (owedCount, high) = (2, 0x9F)
        case 0xF0: (owedCount, low) = (3, 0x90)
        case 0xF1...0xF3: owedCount = 3
        case 0xF4: (owedCount, high) = (3, 0x8F)
        default: return false
        }
        return true
    }

    /// The offset of the first byte from `start` on that is not ASCII; 32 bytes a step while there are so many.
    private static func skipASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var offset = start
        while offset + 32 <= bytes.count {
            let block = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            guard (block & 0x8080_8080_8080_8080) == .zero else { break }
            offset += 32
        }
        while offset < bytes.count, bytes[offset] < 0x80 { offset += 1 }
        return offset
    }
}
