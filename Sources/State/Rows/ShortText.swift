/// A text of at most fifteen bytes as it lies in a row: its UTF-8 in two words, and in the highest byte a mark with their
/// count. Reading it there needs no call and no reference count.
///
/// How a `String` lies in memory is not promised. So it is looked at once, when the first schema is made; should it lie
/// otherwise, every text goes the way of the long ones.
struct ShortText: BitwiseCopyable {
    /// At most so many bytes.
    static let byteLimit = 15

    /// Whether texts lie as this type takes them to.
    static let isUnderstood = MemoryLayout<String>.size == MemoryLayout<ShortText>.size && samples.allSatisfy(isRight)

    private let low: UInt64
    private let high: UInt64

    @inline(__always) init(_ place: UnsafeRawPointer) {
        low = place.load(as: UInt64.self)
        high = place.load(fromByteOffset: 8, as: UInt64.self)
    }

    /// Whether the text is short; otherwise its words are a reference to it.
    @inline(__always) var isShort: Bool { high >> 60 | 0b0100 == 0b1110 }

    @inline(__always) var byteCount: Int { Int(truncatingIfNeeded: high >> 56 & 0xF) }

    /// A text with the same words is the same text, short or long.
    @inline(__always) func hasWords(of other: ShortText) -> Bool { low == other.low && high == other.high }

    /// Stores both words; the bytes of a short text come first.
    @inline(__always) func store(at place: UnsafeMutableRawPointer) {
        place.storeBytes(of: low, as: UInt64.self)
        place.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
    }

    /// Texts of every short length and of some that are not, of one and of several bytes a letter, made at run time.
    private static var samples: [String] {
        (0...byteLimit + 2).flatMap { count in
            ["a", "é", "\u{0}", "😀"].map {
                String(repeating: $0, count: count) + String(repeating: "z", count: count % 3)
            }
        }
    }

    private static func isRight(_ sample: String) -> Bool {
        let text = withUnsafeBytes(of: sample) { words in words.baseAddress.map { ShortText($0) } }
        guard let text, text.isShort else { return sample.utf8.count > byteLimit }
        return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
            bytes.baseAddress.map { text.store(at: $0) }
            return bytes.prefix(text.byteCount).elementsEqual(sample.utf8)
        }
    }
}
