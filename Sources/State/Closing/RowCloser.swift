/// Closes the touched rows of one table: compares each with its shadow, encodes and hashes it, moves the shadow.
///
/// Nothing here allocates per row, touches a reference count per number, or knows the row's type.
struct RowCloser {
    let table: TableMemory
    let fields: UnsafeBufferPointer<FieldLayout>
    /// Room for where each field's value begins, and one more.
    let starts: UnsafeMutablePointer<Int>

    /// Closes the rows in `slots`, which are in key order; appends to `freed` the slots that are free now.
    func close(
        _ slots: UnsafeMutableBufferPointer<Int32>, _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory,
        _ freed: inout [Int32]
    ) {
        var start = 0
        while start < slots.count {
            let end = min(start &+ Self.rowsAtOnce, slots.count)
            fetch(slots, start, end)
            for place in start..<end { close(slots[place], &entries, &memory, &freed) }
            start = end
        }
    }

    /// So many rows and shadows stay near while they are closed.
    private static let rowsAtOnce = 64

    /// Touches what the next rows need, so that their memory is waited for all at once and not row by row.
    @inline(__always)
    private func fetch(_ slots: UnsafeMutableBufferPointer<Int32>, _ start: Int, _ end: Int) {
        var seen: UInt8 = 0
        let last = max(table.stride &- 1, 0)
        for place in start..<end {
            let slot = Int(slots[place])
            let (row, shadow) = (table.rows + slot &* table.stride, table.shadow + slot &* table.stride)
            seen ^= table.slots[slot].flags.rawValue ^ row.load(as: UInt8.self) ^ shadow.load(as: UInt8.self)
            seen ^= row.load(fromByteOffset: last, as: UInt8.self) ^ shadow.load(fromByteOffset: last, as: UInt8.self)
        }
        // Written where the next row writes over it: what is not used would not be read.
        starts[0] = Int(seen)
    }

    @inline(__always)
    private func close(
        _ slot: Int32, _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory, _ freed: inout [Int32]
    ) {
        let state = table.slots + Int(slot)
        state.pointee.flags.remove(.touched)
        if state.pointee.flags.contains(.live) {
            closeLive(state, Int(slot), &entries, &memory)
        } else {
            if state.pointee.flags.contains(.closed) { remove(state, Int(slot), &entries, &memory) }
            freed.append(slot)
        }
    }

    /// The closed row in `slot` as an insert, from the shadow.
    func snapshot(_ slot: Int, _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory) {
        let values = memory.count
        let shadow = table.shadow + slot &* table.stride
        _ = table.layout.update(fields, shadow, to: shadow, starts: starts, &memory)
        var entry = table.entry(slot, &memory)
        entry.operation = .insert
        entry.audience = table.slots[slot].closedAudience
        entry.mask = table.layout.fullMask
        (entry.values, entry.valuesByteCount) = (values, starts[fields.count])
        entries.append(entry)
    }

    @inline(__always)
    private func closeLive(
        _ state: UnsafeMutablePointer<Slot>, _ slot: Int, _ entries: inout RawList<PatchEntry>,
        _ memory: inout WireMemory
    ) {
        let (row, shadow) = (table.rows + slot &* table.stride, table.shadow + slot &* table.stride)
        if table.layout.hasSteps { table.layout.round(row) }
        let start = memory.count
        var mask = table.layout.update(fields, shadow, to: row, starts: starts, &memory)
        var operation = PatchOperation.set
        let audience = state.pointee.audience
        let isClosed = state.pointee.flags.contains(.closed)
        if !isClosed || audience != state.pointee.closedAudience {
            if isClosed { remove(state, slot, &entries, &memory) }
            (operation, mask) = (.insert, table.layout.fullMask)
            state.pointee.flags.insert(.closed)
            state.pointee.closedAudience = audience
        } else if mask == 0 {
            return memory.cut(to: start)
        }
        guard audience != Audience.nobody.number else { return }
        let hash = state.pointee.keyHash.hash(memory.base + start, starts[fields.count])
        let values = mask == table.layout.fullMask ? start..<start &+ starts[fields.count] : keep(mask, start, &memory)
        var entry = table.entry(slot, &memory)
        (entry.operation, entry.audience, entry.mask) = (operation, audience, mask)
        (entry.values, entry.valuesByteCount) = (values.lowerBound, values.count)
        entry.delta = hash &- state.pointee.rowHash
        state.pointee.rowHash = hash
        entries.append(entry)
    }

    @inline(never)
    private func remove(
        _ state: UnsafeMutablePointer<Slot>, _ slot: Int, _ entries: inout RawList<PatchEntry>,
        _ memory: inout WireMemory
    ) {
        state.pointee.flags.remove(.closed)
        guard state.pointee.closedAudience != Audience.nobody.number else { return }
        var entry = table.entry(slot, &memory)
        entry.audience = state.pointee.closedAudience
        entry.delta = .empty &- state.pointee.rowHash
        state.pointee.rowHash = .empty
        entries.append(entry)
    }

    /// Of all values, which begin at `start` and end the memory, keeps those in `mask`; answers where they lie now.
    @inline(__always)
    private func keep(_ mask: UInt64, _ start: Int, _ memory: inout WireMemory) -> Range<Int> {
        // The first fields stay where they are; so nothing moves when those changed and no others.
        var place = (~mask).trailingZeroBitCount
        var end = starts[place]
        var rest = mask &- ((1 &<< UInt64(place)) &- 1)
        while rest != 0 {
            place = rest.trailingZeroBitCount
            rest &= rest &- 1
            let byteCount = starts[place + 1] - starts[place]
            // Down, never beyond what is there.
            let values = memory.base + start
            (values + end).update(from: values + starts[place], count: byteCount)
            end += byteCount
        }
        memory.cut(to: start &+ end)
        return start..<start &+ end
    }
}
