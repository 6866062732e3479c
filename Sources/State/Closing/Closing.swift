/// The scratch memory of a state's closes and snapshots, kept from one to the next, and how they go.
///
/// A close goes over the touched rows once, table by table in key order, and writes down what each audience is owed; then
/// it puts that in order of audience and writes each audience's patch. Its cost is that of the touched rows.
final class Closing {
    var entries = RawList<PatchEntry>()
    /// Where the entries' keys and values are.
    var memory = WireMemory(capacity: 1 << 12)
    private var sorted = RawList<PatchEntry>()
    private var order = RawList<UInt64>()
    private var output = WireMemory(capacity: 1 << 12)
    private let starts = UnsafeMutablePointer<Int>.allocate(capacity: SchemaLimits.fieldLimit + 1)

    deinit { starts.deallocate() }

    func close(_ tables: [any ClosableTable], _ book: AudienceBook) -> [AudienceChange] {
        begin()
        for table in tables { table.close(self) }
        guard entries.count > 0 else { return [] }
        sortByAudience()
        var changes: [AudienceChange] = []
        var start = 0
        while start < entries.count {
            let number = entries[start].audience
            var delta = StateHash.empty
            var end = start
            while end < entries.count, entries[end].audience == number {
                delta = delta &+ entries[end].delta
                end += 1
            }
            let hash = book.add(delta, to: number)
            changes.append(
                AudienceChange(audience: Audience(number: number), patch: patch(start..<end), hash: hash))
            start = end
        }
        return changes
    }

    func snapshot(_ tables: [any ClosableTable], of audience: Audience) -> [UInt8] {
        begin()
        for table in tables { table.snapshot(of: audience, self) }
        return patch(0..<entries.count)
    }

    /// Closes the rows in `touched`; appends to `freed` the slots that hold nothing any more.
    func close(_ table: TableMemory, _ touched: UnsafeMutableBufferPointer<Int32>, _ freed: inout [Int32]) {
        table.sort(touched)
        table.layout.fields.withUnsafeBufferPointer { fields in
            let closer = RowCloser(table: table, fields: fields, starts: starts)
            closer.close(touched, &entries, &memory, &freed)
        }
    }

    /// The closed rows of each of `audiences`, which differ from one another, in one pass over all rows.
    func snapshots(_ tables: [any ClosableTable], of audiences: [Audience]) -> [[UInt8]] {
        let wanted = Set(audiences.map(\.number))
        begin()
        for table in tables { table.snapshot(of: wanted, self) }
        if entries.count > 0 { sortByAudience() }
        var patches: [UInt32: [UInt8]] = [:]
        var start = 0
        while start < entries.count {
            var end = start
            while end < entries.count, entries[end].audience == entries[start].audience { end += 1 }
            patches[entries[start].audience] = patch(start..<end)
            start = end
        }
        return audiences.map { patches[$0.number] ?? [] }
    }

    /// Takes down the closed rows of the wanted audiences.
    func snapshot(_ table: TableMemory, _ slotCount: Int, of isWanted: (UInt32) -> Bool) {
        var closed: [Int32] = []
        for slot in 0..<slotCount
        where table.slots[slot].flags.contains(.closed) && isWanted(table.slots[slot].closedAudience) {
            closed.append(Int32(slot))
        }
        closed.withUnsafeMutableBufferPointer { table.sort($0) }
        table.layout.fields.withUnsafeBufferPointer { fields in
            let closer = RowCloser(table: table, fields: fields, starts: starts)
            for slot in closed { closer.snapshot(Int(slot), &entries, &memory) }
        }
    }

    private func begin() {
        entries.removeAll()
        memory.reset()
    }

    private func patch(_ range: Range<Int>) -> [UInt8] {
        output.reset()
        var form = PatchForm()
        form.write(UnsafeBufferPointer(rebasing: entries.elements[range]), from: memory.base, into: &output)
        return output.array()
    }

    /// Entries of one audience next to each other, audiences ascending; within one they stay as they are.
    private func sortByAudience() {
        let first = entries[0].audience
        guard entries.elements.contains(where: { $0.audience != first }) else { return }
        order.removeAll()
        for index in 0..<entries.count { order.append(UInt64(entries[index].audience) << 32 | UInt64(index)) }
        var keys = order.elements
        keys.sort()
        sorted.removeAll()
        for key in order.elements { sorted.append(entries[Int(UInt32(truncatingIfNeeded: key))]) }
        swap(&entries, &sorted)
    }
}
