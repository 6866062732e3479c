/// A slice of what arrived, shared and unchanging.
///
/// Inputs of one tick share one buffer: taking one apart allocates nothing, and keeping one keeps that buffer alive. Copy with
/// `Array(bytes)` what is to be kept for long.
public struct Bytes: RandomAccessCollection, Sendable {
    // First the reference, then two halves of a word: an event that is an input then has its case in bits that the reference has
    // to spare, and is let go by one release.
    @usableFromInline let storage: [UInt8]
    @usableFromInline let start: UInt32
    @usableFromInline let byteCount: UInt32

    public var count: Int { @inlinable @inline(__always) get { Int(byteCount) } }
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { count }

    /// All of an array, which is smaller than 4 GiB.
    @inlinable public init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    @inlinable package init(_ storage: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= storage.count, "\(range) of \(storage.count) bytes")
        self.init(storage, start: UInt32(range.lowerBound), byteCount: UInt32(range.count))
    }

    /// Of a range that is known to be within the storage.
    @inlinable @inline(__always) package init(_ storage: [UInt8], start: UInt32, byteCount: UInt32) {
        self.storage = storage
        self.start = start
        self.byteCount = byteCount
    }

    @inlinable public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte \(index) of \(count)")
        return storage[Int(start) + index]
    }

    @inlinable public func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R)
        rethrows
        -> R?
    {
        try storage.withUnsafeBufferPointer {
            try body(UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(start) + count]))
        }
    }

    /// The bytes as text, if they are UTF-8.
    public var text: String? { String(validating: self, as: UTF8.self) }
}
