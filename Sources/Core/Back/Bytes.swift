/// A slice of what arrived, shared and unchanging.
///
/// Inputs of one tick share one buffer: taking one apart allocates nothing, and keeping one keeps that buffer alive. Copy with
/// `Array(bytes)` what is to be kept for long.
public struct Bytes: RandomAccessCollection, Sendable {
    @usableFromInline let storage: [UInt8]
    @usableFromInline let start: Int
    public let count: Int

    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { count }

    @inlinable public init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    @inlinable package init(_ storage: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= storage.count, "\(range) of \(storage.count) bytes")
        self.storage = storage
        start = range.lowerBound
        count = range.count
    }

    @inlinable public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte \(index) of \(count)")
        return storage[start + index]
    }

    @inlinable public func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R)
        rethrows
        -> R?
    {
        try storage.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[start..<start + count])) }
    }

    /// The bytes as text, if they are UTF-8.
    public var text: String? { String(validating: self, as: UTF8.self) }
}
