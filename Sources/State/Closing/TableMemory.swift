/// A table's arrays as a close sees them: memory without types, so that the loops over rows are compiled once and for all.
///
/// Good for as long as the call that lent it. Keys are `Int64`, `SessionKey` or `TextKey`, as `kind` says.
struct TableMemory {
    let number: Int
    let kind: KeyKind
    /// From one row to the next, in bytes.
    let stride: Int
    let layout: RowLayout
    let keys: UnsafeRawPointer
    let slots: UnsafeMutablePointer<Slot>
    let rows: UnsafeMutableRawPointer
    let shadow: UnsafeMutableRawPointer

    /// Puts `touched` in key order. Writers that go through a table in order leave nothing to do.
    func sort(_ touched: UnsafeMutableBufferPointer<Int32>) {
        switch kind {
        case .integer: Self.sort(touched, keys.assumingMemoryBound(to: Int64.self))
        case .session: Self.sort(touched, keys.assumingMemoryBound(to: SessionKey.self))
        case .text: Self.sort(touched, keys.assumingMemoryBound(to: TextKey.self))
        }
    }

    @inline(__always)
    private static func sort<Key: Comparable>(_ slots: UnsafeMutableBufferPointer<Int32>, _ keys: UnsafePointer<Key>) {
        var place = 1
        while place < slots.count, !(keys[Int(slots[place])] < keys[Int(slots[place - 1])]) { place += 1 }
        guard place < slots.count else { return }
        var slots = slots
        slots.sort { keys[Int($0)] < keys[Int($1)] }
    }

    /// Begins an entry for the row in `slot`; the bytes of a key go into `memory`.
    @inline(__always)
    func entry(_ slot: Int, _ memory: inout WireMemory) -> PatchEntry {
        var entry = PatchEntry()
        entry.table = UInt16(truncatingIfNeeded: number)
        switch kind {
        case .integer: entry.key = keys.assumingMemoryBound(to: Int64.self)[slot]
        case .session: entry.key = Int64(bitPattern: keys.assumingMemoryBound(to: SessionKey.self)[slot].number)
        case .text:
            let start = memory.count
            appendText(slot, &memory)
            (entry.key, entry.keyByteCount) = (Int64(start), Int32(truncatingIfNeeded: memory.count - start))
        }
        return entry
    }

    @inline(never)
    private func appendText(_ slot: Int, _ memory: inout WireMemory) {
        keys.assumingMemoryBound(to: TextKey.self)[slot].withBytes { memory.append($0) }
    }
}
