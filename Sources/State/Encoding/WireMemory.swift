/// Bytes under way to the wire, in memory of its own that grows as it must.
///
/// Unlike `ByteWriter` it asks for room once a row instead of once a byte: whoever appends has called `reserve` for all of
/// it, and for `slack` more. That promise is what makes the unchecked stores sound; nothing outside this module makes one.
struct WireMemory: ~Copyable {
    /// Stores may run this far beyond what they append.
    static let slack = 16
    /// Scratch memory that grew beyond this is given back once it is empty.
    private static let keptByteCount = 1 << 20

    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int
    private let firstCapacity: Int

    init(capacity: Int) {
        firstCapacity = capacity + Self.slack
        self.capacity = firstCapacity
        base = .allocate(capacity: firstCapacity)
    }

    deinit { base.deallocate() }

    /// Makes room for `extra` bytes and the slack. What `base` answered before no longer holds.
    @inline(__always) mutating func reserve(_ extra: Int) {
        if capacity - count < extra + Self.slack { grow(extra + Self.slack) }
    }

    @inline(__always) mutating func u8(_ value: UInt8) {
        base[count] = value
        count += 1
    }

    /// A `num`, at most 9 bytes.
    @inline(__always) mutating func num(_ value: UInt64) {
        var pen = pen
        pen.num(value)
        put(pen)
    }

    /// A pen at the end.
    @inline(__always) var pen: WirePen { WirePen(base + count) }

    /// Takes a pen of this memory back, with all that it wrote.
    @inline(__always) mutating func put(_ pen: WirePen) { count = pen.place - base }

    /// `reserve` for what a pen of this memory goes on to write; the pen stays where it is, though memory may move.
    @inline(__always) mutating func make(room: Int, for pen: inout WirePen) {
        if base + capacity - pen.place < room &+ Self.slack {
            put(pen)
            grow(room &+ Self.slack)
            pen = self.pen
        }
    }

    /// Bytes from elsewhere.
    @inline(__always) mutating func copy(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
        (base + count).update(from: bytes, count: byteCount)
        count += byteCount
    }

    /// Bytes from memory that may be read for the slack beyond them, as this one's may.
    @inline(__always) mutating func copyPadded(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
        var pen = pen
        pen.padded(bytes, byteCount)
        put(pen)
    }

    /// Bytes from elsewhere, with their room.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.baseAddress else { return }
        reserve(bytes.count)
        copy(first.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// Takes back all but the first `count` bytes.
    @inline(__always) mutating func cut(to count: Int) { self.count = count }

    /// As new, with what it grew kept unless that is much.
    mutating func reset() {
        count = 0
        guard capacity > Self.keptByteCount else { return }
        base.deallocate()
        capacity = firstCapacity
        base = .allocate(capacity: capacity)
    }

    /// A copy of the bytes behind the first `start`.
    func array(from start: Int = 0) -> [UInt8] { Array(UnsafeBufferPointer(start: base + start, count: count - start)) }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        capacity = max(capacity * 2, count + extra)
        precondition(capacity <= UInt32.max, "\(capacity) bytes for one patch; places in it are 32 bits")
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }
}
