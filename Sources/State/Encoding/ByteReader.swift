/// Reads the primitives of docs/WIRE.md from bytes that somebody else keeps alive.
///
/// Every read is checked against the end, so a peer's bytes can make it throw but never read outside. It borrows its memory:
/// it must not outlive the call that was handed the buffer.
public struct ByteReader {
    @usableFromInline let base: UnsafeRawBufferPointer
    @usableFromInline internal var offset: Int
    /// The offset of the next byte to be read.
    @inlinable public var position: Int { offset }

    @inlinable public init(_ bytes: UnsafeRawBufferPointer) {
        base = bytes
        offset = 0
    }

    /// Runs `body` with a reader over `bytes`.
    @inlinable public static func read<T, E: Error>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws(E) -> T
    ) throws(E) -> T {
        try bytes.withUnsafeBufferPointer { (buffer) throws(E) -> T in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer))
            return try body(&reader)
        }
    }

    @inlinable public var remaining: Int { base.count - position }
    @inlinable public var isAtEnd: Bool { position == base.count }

    @inlinable public mutating func u8() throws(WireError) -> UInt8 {
        guard position < base.count else { throw .truncated(at: position) }
        let value = base[position]
        advance(1)
        return value
    }

    @inlinable public mutating func u64() throws(WireError) -> UInt64 {
        guard remaining >= 8 else { throw .truncated(at: position) }
        let value = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        advance(8)
        return value
    }

    @inlinable @inline(__always) public mutating func num() throws(WireError) -> UInt64 {
        guard position < base.count else { throw .truncated(at: position) }
        let first = base[position]
        if first < 0x80 {
            advance(1)
            return UInt64(first)
        }
        return try longNum(first)
    }

    /// A `num` that counts things in memory; more than `limit` is refused before anything is allocated.
    @inlinable public mutating func count(
        limit: Int, of what: WireError.StaticWord = "a count"
    ) throws(WireError) -> Int {
        let value = try num()
        guard value <= UInt64(limit) else { throw .overLimit(what: what, value: value, limit: UInt64(limit)) }
        return Int(truncatingIfNeeded: value)
    }

    @inlinable public mutating func int() throws(WireError) -> Int64 {
        let value = try num()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Bytes with their count before them, borrowed.
    @inlinable public mutating func blob() throws(WireError) -> UnsafeRawBufferPointer {
        let start = position
        let value = try num()
        guard value <= UInt64(remaining) else { throw .truncated(at: start) }
        return try raw(Int(truncatingIfNeeded: value))
    }

    public mutating func text() throws(WireError) -> String {
        let start = position
        let bytes = try blob()
        guard let value = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(at: start) }
        return value
    }

    /// The next `count` bytes, borrowed.
    @inlinable public mutating func raw(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count <= remaining else { throw .truncated(at: position) }
        let slice = UnsafeRawBufferPointer(rebasing: base[position..<position + count])
        advance(count)
        return slice
    }

    /// All that is left, borrowed.
    @inlinable public mutating func rest() -> UnsafeRawBufferPointer {
        let slice = UnsafeRawBufferPointer(rebasing: base[position...])
        advance(remaining)
        return slice
    }

    /// Throws if anything is left.
    @inlinable public func end() throws(WireError) {
        guard isAtEnd else { throw .trailing(byteCount: remaining) }
    }

    @inlinable mutating func advance(_ count: Int) { offset += count }

    @usableFromInline mutating func longNum(_ first: UInt8) throws(WireError) -> UInt64 {
        let start = position
        if first < 0xC0, start + 1 < base.count {
            let value = UInt64(first & 0x3F) << 8 | UInt64(base[start + 1])
            guard value >= 0x80 else { throw .malformedInteger(at: start) }
            advance(2)
            return value
        }
        let tailCount: Int
        let floor: UInt64
        var value: UInt64
        switch first {
        case ..<0xC0: (tailCount, floor, value) = (1, 0x80, UInt64(first & 0x3F))
        case ..<0xE0: (tailCount, floor, value) = (2, 0x4000, UInt64(first & 0x1F))
        case ..<0xF0: (tailCount, floor, value) = (3, 0x20_0000, UInt64(first & 0x0F))
        case ...0xF4:
            tailCount = Int(first) - 0xF0 + 4
            floor = tailCount == 4 ? 0x1000_0000 : 1 << UInt64((tailCount - 1) * 8)
            value = 0
        default: throw .malformedInteger(at: start)
        }
        guard tailCount < remaining else { throw .truncated(at: start) }
        for offset in 1...tailCount { value = value << 8 | UInt64(base[position + offset]) }
        guard value >= floor else { throw .malformedInteger(at: start) }
        advance(1 + tailCount)
        return value
    }
}
