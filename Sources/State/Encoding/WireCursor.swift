/// Reads as `ByteReader` does, from plain memory, for the loops that run once a value: checked against the end all the
/// same, but without a buffer's own bookkeeping. It must not outlive the memory.
struct WireCursor {
    private let base: UnsafePointer<UInt8>
    private let end: Int
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        // Where there are no bytes none is read, so any address will do.
        base = (bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!).assumingMemoryBound(to: UInt8.self)
        end = bytes.count
    }

    @inline(__always) var isAtEnd: Bool { position == end }

    /// The next byte, which stays unread.
    @inline(__always) func peek() throws(WireError) -> UInt8 {
        guard position < end else { throw .truncated(at: position) }
        return base[position]
    }

    @inline(__always) mutating func num() throws(WireError) -> UInt64 {
        guard position < end else { throw .truncated(at: position) }
        let first = base[position]
        if first < 0x80 {
            position &+= 1
            return UInt64(first)
        }
        if first < 0xC0, end &- position >= 2 {
            let value = UInt64(first & 0x3F) &<< 8 | UInt64(base[position &+ 1])
            guard value >= 0x80 else { throw .malformedInteger(at: position) }
            position &+= 2
            return value
        }
        return try longNum()
    }

    /// The count before bytes, which are all there.
    mutating func blobByteCount() throws(WireError) -> Int {
        let start = position
        let value = try num()
        guard value <= UInt64(end - position) else { throw .truncated(at: start) }
        return Int(truncatingIfNeeded: value)
    }

    @inline(__always) mutating func skip(_ byteCount: Int) throws(WireError) {
        guard byteCount <= end &- position else { throw .truncated(at: position) }
        position &+= byteCount
    }

    /// Passes over one value of any type.
    @inline(__always) mutating func skipValue() throws(WireError) {
        guard position < end else { throw .truncated(at: position) }
        let first = base[position]
        if first < 0x80 || first == ValueMark.null {
            position &+= 1
        } else if first == ValueMark.blob {
            position &+= 1
            try skip(try blobByteCount())
        } else {
            _ = try num()
        }
    }

    /// Bytes anywhere in the memory, borrowed.
    @inline(__always) func bytes(_ start: Int, _ byteCount: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: byteCount)
    }

    @inline(never)
    private mutating func longNum() throws(WireError) -> UInt64 {
        var reader = ByteReader(UnsafeRawBufferPointer(start: base, count: end))
        reader.advance(position)
        let value = try reader.num()
        position = reader.position
        return value
    }
}

/// How keys of bytes are ordered.
enum ByteOrder {
    /// Less than zero, zero or more than zero, as the first stands before, at or behind the second.
    @inline(__always)
    static func compare(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
        let common = min(one.count, other.count)
        for place in 0..<common where one[place] != other[place] { return Int(one[place]) - Int(other[place]) }
        return one.count - other.count
    }

    static func precedes(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        compare(one, other) < 0
    }
}
