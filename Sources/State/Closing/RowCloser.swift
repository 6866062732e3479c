/// Closes the touched rows of one table: compares each with its shadow, encodes and hashes what differs, moves the shadow.
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
        for slot in slots where close(Int(slot), &entries, &memory) { freed.append(slot) }
    }

    /// Closes the row in `slot`; answers whether the slot is free now. Its row then still is in the shadow.
    @inline(__always)
    private func close(_ slot: Int, _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory) -> Bool {
        let state = table.slots + slot
        state.pointee.flags.remove(.touched)
        let row = table.rows + slot * table.stride
        let isLive = state.pointee.flags.contains(.live)
        if isLive, table.layout.hasSteps { table.layout.round(row) }
        switch (state.pointee.flags.contains(.closed), isLive) {
        case (false, false): return true
        case (true, false):
            remove(state, slot, &entries, &memory)
            return true
        case (false, true):
            insert(state, slot, row, &entries, &memory)
            copy(row, slot, table.layout.fullMask)
            return false
        case (true, true):
            let mask = table.layout.difference(fields, row, table.shadow + slot * table.stride)
            if state.pointee.audience == state.pointee.closedAudience {
                guard mask != 0 else { return false }
                set(state, slot, row, mask, &entries, &memory)
            } else {
                remove(state, slot, &entries, &memory)
                insert(state, slot, row, &entries, &memory)
            }
            copy(row, slot, mask)
            return false
        }
    }

    /// The closed row in `slot` as an insert, from the shadow.
    func snapshot(_ slot: Int, _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory) {
        var entry = table.entry(slot, &memory)
        entry.operation = .insert
        entry.mask = table.layout.fullMask
        entry.values = memory.count
        table.layout.encode(fields, of: table.shadow + slot * table.stride, starts: starts, into: &memory)
        entry.valuesByteCount = memory.count - entry.values
        entries.append(entry)
    }

    private func copy(_ row: UnsafeRawPointer, _ slot: Int, _ mask: UInt64) {
        table.layout.copy(fields, mask, from: row, to: table.shadow + slot * table.stride)
    }

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

    private func insert(
        _ state: UnsafeMutablePointer<Slot>, _ slot: Int, _ row: UnsafeRawPointer,
        _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory
    ) {
        state.pointee.flags.insert(.closed)
        state.pointee.closedAudience = state.pointee.audience
        guard state.pointee.audience != Audience.nobody.number else { return }
        var entry = table.entry(slot, &memory)
        entry.audience = state.pointee.audience
        entry.operation = .insert
        entry.mask = table.layout.fullMask
        entry.values = memory.count
        table.layout.encode(fields, of: row, starts: starts, into: &memory)
        entry.valuesByteCount = memory.count - entry.values
        state.pointee.rowHash = state.pointee.keyHash.hash(memory.base + entry.values, entry.valuesByteCount)
        entry.delta = state.pointee.rowHash
        entries.append(entry)
    }

    @inline(__always)
    private func set(
        _ state: UnsafeMutablePointer<Slot>, _ slot: Int, _ row: UnsafeRawPointer, _ mask: UInt64,
        _ entries: inout RawList<PatchEntry>, _ memory: inout WireMemory
    ) {
        guard state.pointee.audience != Audience.nobody.number else { return }
        var entry = table.entry(slot, &memory)
        entry.audience = state.pointee.audience
        entry.operation = .set
        entry.mask = mask
        entry.values = memory.count
        table.layout.encode(fields, of: row, starts: starts, into: &memory)
        let hash = state.pointee.keyHash.hash(memory.base + entry.values, memory.count - entry.values)
        if mask != table.layout.fullMask { keep(mask, from: entry.values, &memory) }
        entry.valuesByteCount = memory.count - entry.values
        entry.delta = hash &- state.pointee.rowHash
        state.pointee.rowHash = hash
        entries.append(entry)
    }

    /// Of all values, which begin at `start`, keeps those in `mask`.
    @inline(__always)
    private func keep(_ mask: UInt64, from start: Int, _ memory: inout WireMemory) {
        var end = start
        var rest = mask
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest &- 1
            let (from, to) = (starts[place], starts[place + 1])
            // Down or in place, never beyond what is there.
            if from != end { (memory.base + end).update(from: memory.base + from, count: to - from) }
            end += to - from
        }
        memory.cut(to: end)
    }
}
