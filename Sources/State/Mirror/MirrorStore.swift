/// All rows of a mirror, whatever their audience: slots, an index by key, and one arena for the bytes of keys and values.
///
/// Bytes because equal values have equal bytes, a set is laid over them without decoding, and `encoded` copies them. An
/// arena because rows then need no memory of their own. A key may stand in the index once for each audience, though
/// outside of a commit it stands there once at all.
struct MirrorStore: Sendable {
    /// What `index` holds where there is no slot.
    static let noSlot: Int32 = -1

    var slots: [MirrorSlot] = []
    /// By the first lane of the key's hash, probed linearly; its count is a power of two, and at most half is in use.
    var index: [Int32] = []
    var arena: [UInt8] = []
    /// How much of the arena is in use or was.
    var arenaEnd = 0
    /// How much of that is no longer in use.
    var wasted = 0
    var free: [Int32] = []
    /// How many slots are not free.
    var count = 0

    /// Makes room for `rowCount` more rows and `byteCount` more bytes, so that a commit never has to grow anything.
    mutating func reserve(rowCount: Int, byteCount: Int) {
        let missing = rowCount - free.count
        if missing > 0 {
            let first = slots.count
            // At least doubled, or every commit would pay for all rows.
            let added = max(missing, min(first, 1 << 16))
            slots.append(contentsOf: repeatElement(MirrorSlot(), count: added))
            for slot in (first..<first + added).reversed() { free.append(Int32(slot)) }
        }
        var size = max(index.count, 16)
        while size < (count + rowCount) * 2 { size *= 2 }
        if size != index.count { rebuildIndex(size) }
        let end = arenaEnd + byteCount + WireMemory.slack
        if end > arena.count {
            arena.append(contentsOf: repeatElement(0, count: max(end, arena.count * 2) - arena.count))
        }
    }

    /// Forgets all rows.
    mutating func removeAll() { self = MirrorStore() }

    /// Runs `body` with all of it as plain memory, to be read.
    func look<T, E: Error>(_ body: (MirrorLookup) throws(E) -> T) throws(E) -> T {
        try slots.withUnsafeBufferPointer { (slots) throws(E) -> T in
            try index.withUnsafeBufferPointer { (index) throws(E) -> T in
                try arena.withUnsafeBufferPointer { (arena) throws(E) -> T in
                    try body(MirrorLookup(slots: slots, index: index, arena: arena))
                }
            }
        }
    }

    /// Runs `body` with all of it as plain memory, to be changed within what `reserve` made room for.
    mutating func edit<T>(_ body: (inout MirrorEdit) -> T) -> T {
        var (slots, index, arena) = (slots, index, arena)
        (self.slots, self.index, self.arena) = ([], [], [])
        defer { (self.slots, self.index, self.arena) = (slots, index, arena) }
        return slots.withUnsafeMutableBufferPointer { slots in
            index.withUnsafeMutableBufferPointer { index in
                arena.withUnsafeMutableBufferPointer { arena in
                    var edit = MirrorEdit(
                        slots: slots, index: index, arena: arena, end: arenaEnd, wasted: wasted, count: count,
                        free: free)
                    free = []
                    defer { (arenaEnd, wasted, count, free) = (edit.end, edit.wasted, edit.count, edit.free) }
                    return body(&edit)
                }
            }
        }
    }

    /// Moves the bytes that are in use together when most are not.
    mutating func tidy() {
        guard wasted > 1 << 12, wasted > arenaEnd / 2 else { return }
        var tidy: [UInt8] = []
        tidy.reserveCapacity((arenaEnd - wasted) * 2)
        for slot in slots.indices where slots[slot].standing != .free {
            if slots[slot].keyByteCount >= 0 {
                let start = Int(slots[slot].key)
                slots[slot].key = Int64(tidy.count)
                tidy += arena[start..<start + Int(slots[slot].keyByteCount)]
            }
            let start = slots[slot].values
            slots[slot].values = tidy.count
            slots[slot].room = Int32(truncatingIfNeeded: slots[slot].valuesByteCount)
            tidy += arena[start..<start + slots[slot].valuesByteCount]
        }
        (arenaEnd, wasted) = (tidy.count, 0)
        arena = tidy + repeatElement(0, count: WireMemory.slack)
    }

    /// The slot of a key, in whatever audience it is; nil if there is none.
    func slot(_ table: Int, _ key: RowKey) -> Int? {
        let hash = StateHash(table: table, key: key)
        return look { lookup in
            lookup.first(hash) { slot in Int(slot.table) == table && lookup.key(slot) == key }
        }
    }

    /// The slots of a table's rows, in key order.
    func ordered(_ table: Int) -> [Int] {
        look { lookup in
            let rows = slots.indices.filter { slots[$0].standing != .free && Int(slots[$0].table) == table }
            return rows.map { (lookup.key(slots[$0]), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    func key(_ slot: Int) -> RowKey { look { $0.key(slots[slot]) } }

    func values(_ slot: Int) -> ArraySlice<UInt8> {
        arena[slots[slot].values..<slots[slot].values + slots[slot].valuesByteCount]
    }

    private mutating func rebuildIndex(_ size: Int) {
        index = Array(repeating: Self.noSlot, count: size)
        for slot in slots.indices where slots[slot].standing != .free {
            var place = Int(truncatingIfNeeded: slots[slot].keyHash.first) & (size - 1)
            while index[place] != Self.noSlot { place = (place + 1) & (size - 1) }
            index[place] = Int32(slot)
        }
    }
}
