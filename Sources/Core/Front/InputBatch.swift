import State

/// Inputs that wait at a link for company, as the records that go to the back.
///
/// `unsafe` here is confined to memory that the batch owns: every append makes its room first. A reference with its state behind
/// a pointer, so that an input is appended without looking at the link that it goes to.
final class InputBatch {
    private struct Memory {
        var base: UnsafeMutableRawPointer
        var count = 0
        var capacity: Int
        /// The last of `cuts`.
        var lastCut = 0
        /// How many batches in a row have used less than a quarter of it.
        var smallCount: UInt8 = 0
    }

    private let memory: UnsafeMutablePointer<Memory>
    /// Between records, in distances of `frameByteCount` and a read or an input more.
    @exclusivity(unchecked) private var cuts: [Int] = []
    /// Frames of a long batch are such that a back most often has them whole in a read of 64 KiB, and need not copy their beginning.
    private static let frameByteCount = 16 << 10
    /// Member, number and count take at most nine bytes each.
    private static let headByteLimit = 27
    private static let firstByteCount = 512
    /// Room beyond this is given back after so many batches in a row that filled less than a quarter of it: after each tick,
    /// for one, come many inputs at once, and few until the next.
    private static let keptByteCount = 64 << 10
    private static let patience: UInt8 = 200

    init() {
        memory = .allocate(capacity: 1)
        memory.initialize(
            to: Memory(
                base: .allocate(byteCount: Self.firstByteCount, alignment: 16), capacity: Self.firstByteCount))
    }

    deinit {
        memory.pointee.base.deallocate()
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    var count: Int { memory.pointee.count }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.pointee.base, count: memory.pointee.count)
    }

    @inline(__always)
    func append(_ member: MemberNumber, _ number: InputNumber, _ data: UnsafeRawBufferPointer) {
        var count = memory.pointee.count
        if memory.pointee.capacity &- count < Self.headByteLimit &+ data.count {
            grow(Self.headByteLimit + data.count)
        }
        let base = memory.pointee.base
        Self.put(member.rawValue, base, &count)
        Self.put(number.rawValue, base, &count)
        Self.put(UInt64(truncatingIfNeeded: data.count), base, &count)
        if let start = data.baseAddress { (base + count).copyMemory(from: start, byteCount: data.count) }
        memory.pointee.count = count &+ data.count
    }

    /// Whole records end here: a frame of the batch may, if it has become long enough.
    @inline(__always)
    func noteCut() {
        guard memory.pointee.count &- memory.pointee.lastCut >= Self.frameByteCount else { return }
        memory.pointee.lastCut = memory.pointee.count
        cuts.append(memory.pointee.count)
    }

    /// Where a frame ends of those that the batch leaves in, counted from 0.
    func end(ofFrame number: Int) -> Int { number < cuts.count ? cuts[number] : count }

    /// The first bytes have left, whole records.
    func removeFirst(_ byteCount: Int) {
        let rest = memory.pointee.count - byteCount
        guard rest > 0 else { return clear() }
        memory.pointee.base.copyMemory(from: memory.pointee.base + byteCount, byteCount: rest)
        memory.pointee.count = rest
        memory.pointee.lastCut = max(0, memory.pointee.lastCut - byteCount)
        cuts = cuts.filter { $0 > byteCount }.map { $0 - byteCount }
    }

    func clear() {
        let count = memory.pointee.count
        memory.pointee.count = 0
        memory.pointee.lastCut = 0
        if !cuts.isEmpty { cuts.removeAll(keepingCapacity: cuts.count <= 64) }
        guard memory.pointee.capacity > max(Self.keptByteCount, count * 4) else {
            memory.pointee.smallCount = 0
            return
        }
        memory.pointee.smallCount += 1
        guard memory.pointee.smallCount > Self.patience else { return }
        memory.pointee.smallCount = 0
        memory.pointee.base.deallocate()
        memory.pointee.base = .allocate(byteCount: Self.firstByteCount, alignment: 16)
        memory.pointee.capacity = Self.firstByteCount
    }

    /// Room for the record of one input whose number, count and bytes are `byteCount` bytes together; `member` stands in it
    /// already. Answers where the rest belongs; `keep` makes it a part of the batch.
    @inline(__always)
    func begin(_ member: MemberNumber, byteCount: Int) -> UnsafeMutableRawPointer {
        var count = memory.pointee.count
        if memory.pointee.capacity &- count < Self.headByteLimit &+ byteCount { grow(Self.headByteLimit + byteCount) }
        Self.put(member.rawValue, memory.pointee.base, &count)
        return memory.pointee.base + count
    }

    /// Takes in the record that `begin` made room for, which ends `byteCount` bytes behind what it answered.
    @inline(__always)
    func keep(_ rest: UnsafeMutableRawPointer, byteCount: Int) {
        memory.pointee.count = rest - memory.pointee.base &+ byteCount
    }

    /// A `num`.
    @inline(__always)
    private static func put(_ value: UInt64, _ base: UnsafeMutableRawPointer, _ count: inout Int) {
        if value < 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: count, as: UInt8.self)
            count &+= 1
        } else if value < 0x4000 {
            base.storeBytes(
                of: UInt16(truncatingIfNeeded: value | 0x8000).bigEndian, toByteOffset: count, as: UInt16.self)
            count &+= 2
        } else {
            putLong(value, base, &count)
        }
    }

    @inline(never)
    private static func putLong(_ value: UInt64, _ base: UnsafeMutableRawPointer, _ count: inout Int) {
        var writer = ByteWriter([], capacity: 9)
        writer.num(value)
        writer.bytes.withUnsafeBytes { (base + count).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        count += writer.count
    }

    @inline(never)
    private func grow(_ extra: Int) {
        let capacity = max(memory.pointee.capacity * 2, memory.pointee.count + extra)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: memory.pointee.base, byteCount: memory.pointee.count)
        memory.pointee.base.deallocate()
        memory.pointee.base = larger
        memory.pointee.capacity = capacity
    }
}
