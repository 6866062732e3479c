/// A mirror's rows as plain memory, while a commit changes them. Nothing grows meanwhile: there is room for all of it.
struct MirrorEdit {
    let slots: UnsafeMutableBufferPointer<MirrorSlot>
    let index: UnsafeMutableBufferPointer<Int32>
    let arena: UnsafeMutableBufferPointer<UInt8>
    var end: Int
    var wasted: Int
    var count: Int
    var free: [Int32]

    var lookup: MirrorLookup {
        MirrorLookup(
            slots: UnsafeBufferPointer(slots), index: UnsafeBufferPointer(index), arena: UnsafeBufferPointer(arena))
    }

    /// Takes a slot for a row that is not held, with its key.
    @inline(__always)
    mutating func add(
        _ row: StagedRow, _ patch: UnsafePointer<UInt8>, kind: KeyKind, audience: UInt32, standing: MirrorSlot.Standing
    ) -> Int {
        let slot = Int(free.removeLast())
        var new = MirrorSlot()
        new.standing = standing
        new.kind = kind
        new.table = row.table
        new.audience = audience
        new.key = row.key
        new.keyByteCount = row.keyByteCount
        new.keyHash = row.keyHash
        if row.keyByteCount >= 0 {
            let byteCount = Int(row.keyByteCount)
            new.key = Int64(end)
            (bytes + end).update(from: patch + Int(row.key), count: byteCount)
            end += byteCount
        }
        slots[slot] = new
        count += 1
        var place = Int(truncatingIfNeeded: row.keyHash.first) & (index.count - 1)
        while index[place] != MirrorStore.noSlot { place = (place &+ 1) & (index.count - 1) }
        index[place] = Int32(truncatingIfNeeded: slot)
        return slot
    }

    /// Makes a row's values those of an insert.
    @inline(__always)
    mutating func write(_ row: StagedRow, _ patch: UnsafePointer<UInt8>, to slot: Int) {
        ByteCopy.copy(patch + row.values, to: bytes + end, row.valuesByteCount)
        settle(slot, row.valuesByteCount)
    }

    /// Lays the values of a set over a row's; answers a bit for every field that differs now.
    @inline(__always)
    mutating func set(_ row: StagedRow, _ patch: UnsafePointer<UInt8>, to slot: Int) -> UInt64 {
        let held = slots[slot]
        let old = bytes + held.values
        let out = bytes + end
        var new = patch + row.values
        // How much of the old row was passed over, how much of it was copied, and how much was written.
        var (passed, copied, written) = (0, 0, 0)
        var field = 0
        var difference: UInt64 = 0
        var rest = row.mask
        while rest != 0 {
            let wanted = rest.trailingZeroBitCount
            rest &= rest &- 1
            while field < wanted {
                passed &+= WireValue.byteCount(old + passed)
                field &+= 1
            }
            let (oldCount, newCount) = (WireValue.byteCount(old + passed), WireValue.byteCount(new))
            if oldCount != newCount || !ByteCopy.isEqual(old + passed, new, newCount) {
                difference |= 1 &<< UInt64(truncatingIfNeeded: wanted)
            }
            ByteCopy.copy(old + copied, to: out + written, passed &- copied)
            written &+= passed &- copied
            ByteCopy.copy(new, to: out + written, newCount)
            written &+= newCount
            new += newCount
            passed &+= oldCount
            copied = passed
            field = wanted &+ 1
        }
        guard difference != 0 else { return 0 }
        ByteCopy.copy(old + copied, to: out + written, held.valuesByteCount &- copied)
        settle(slot, written &+ held.valuesByteCount &- copied)
        return difference
    }

    /// Makes the bytes behind the end a row's values, where they were if they fit.
    @inline(__always)
    private mutating func settle(_ slot: Int, _ byteCount: Int) {
        let row = slots.baseAddress! + slot
        row.pointee.rowHash = row.pointee.keyHash.hash(bytes + end, byteCount)
        if byteCount <= Int(row.pointee.room) {
            ByteCopy.copy(bytes + end, to: bytes + row.pointee.values, byteCount)
        } else {
            wasted += Int(row.pointee.room)
            row.pointee.values = end
            row.pointee.room = Int32(truncatingIfNeeded: byteCount)
            end += byteCount
        }
        row.pointee.valuesByteCount = byteCount
    }

    /// A bit for every field that differs between two rows.
    func difference(_ one: Int, _ other: Int, fieldCount: Int) -> UInt64 {
        var (left, right) = (bytes + slots[one].values, bytes + slots[other].values)
        var mask: UInt64 = 0
        for field in 0..<fieldCount {
            let (leftCount, rightCount) = (WireValue.byteCount(left), WireValue.byteCount(right))
            if leftCount != rightCount || !ByteCopy.isEqual(left, right, leftCount) { mask |= 1 << UInt64(field) }
            left += leftCount
            right += rightCount
        }
        return mask
    }

    /// Gives a slot back and closes the gap that it leaves in the index.
    mutating func release(_ slot: Int) {
        let mask = index.count - 1
        var gap = Int(truncatingIfNeeded: slots[slot].keyHash.first) & mask
        while index[gap] != Int32(slot) { gap = (gap + 1) & mask }
        var place = gap
        while true {
            place = (place + 1) & mask
            guard index[place] != MirrorStore.noSlot else { break }
            let home = Int(truncatingIfNeeded: slots[Int(index[place])].keyHash.first) & mask
            // Whoever is not between the gap and its place may move up.
            if (place - home) & mask >= (place - gap) & mask {
                index[gap] = index[place]
                gap = place
            }
        }
        index[gap] = MirrorStore.noSlot
        wasted += Int(slots[slot].room) + max(0, Int(slots[slot].keyByteCount))
        slots[slot] = MirrorSlot()
        free.append(Int32(slot))
        count -= 1
    }

    @inline(__always) private var bytes: UnsafeMutablePointer<UInt8> { arena.baseAddress! }
}

/// Copies and comparisons of a few bytes, which most values are.
enum ByteCopy {
    @inline(__always)
    static func copy(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ byteCount: Int) {
        switch byteCount {
        case 0: break
        case 1: target[0] = source[0]
        case 2:
            UnsafeMutableRawPointer(target).storeBytes(
                of: UnsafeRawPointer(source).loadUnaligned(as: UInt16.self), as: UInt16.self)
        default: target.update(from: source, count: byteCount)
        }
    }

    @inline(__always)
    static func isEqual(_ one: UnsafePointer<UInt8>, _ other: UnsafePointer<UInt8>, _ byteCount: Int) -> Bool {
        for place in 0..<byteCount where one[place] != other[place] { return false }
        return true
    }
}
