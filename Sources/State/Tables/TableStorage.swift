/// The rows of one table and their shadow: what the handles and the state share.
///
/// Rows stand in slots, next to each other, the shadow in the same slots of its own array. A slot is free, or has a key
/// and is `live`, `closed` (in the shadow) or both; slots written since the last close are listed once each in `touched`.
/// Confined to the loop that its channel lives on, and no application's code runs inside a change: accesses are not checked
/// for overlaps, of which there would be several a row.
final class TableStorage<K: TableKey, R: Row> {
    let name: String
    /// Its place among the tables of its state; a table that was refused has none and is never closed.
    let number: Int
    let layout: RowLayout
    let schema: TableSchema
    private let sessions: SessionBook

    @exclusivity(unchecked) var keys: ContiguousArray<K.Bits> = []
    @exclusivity(unchecked) var slots: ContiguousArray<Slot> = []
    @exclusivity(unchecked) var rows: ContiguousArray<R> = []
    @exclusivity(unchecked) var shadow: ContiguousArray<R> = []
    @exclusivity(unchecked) var touched: [Int32] = []
    @exclusivity(unchecked) private(set) var count = 0

    @exclusivity(unchecked) private var index: [K.Bits: Int32] = [:]
    @exclusivity(unchecked) private var free: [Int32] = []
    /// The live slots in key order, when nothing came or went since it was made.
    @exclusivity(unchecked) private var order: [Int32]?

    init(name: String, number: Int, layout: RowLayout, fields: [FieldDescription], sessions: SessionBook) {
        self.name = name
        self.number = number
        self.layout = layout
        self.sessions = sessions
        schema = TableSchema(name: name, keys: K.Bits.kind, fields: fields)
    }

    func row(_ key: K) -> R? { liveSlot(key).map { rows[$0] } }

    func contains(_ key: K) -> Bool { liveSlot(key) != nil }

    func audience(of key: K) -> Audience? { liveSlot(key).map { Audience(number: slots[$0].audience) } }

    /// Writes a row. One that is there keeps its audience unless another is named; a new one is for everyone then.
    func put(_ row: R, _ key: K, for audience: Audience? = nil) {
        let slot = slot(for: key)
        if let audience {
            slots[slot].audience = audience.number
        } else if !slots[slot].flags.contains(.live) {
            slots[slot].audience = Audience.everyone.number
        }
        put(row, at: slot)
    }

    /// Puts a row into another audience; does nothing where there is none.
    func move(_ key: K, to audience: Audience) {
        guard let slot = liveSlot(key), slots[slot].audience != audience.number else { return }
        touch(slot)
        slots[slot].audience = audience.number
    }

    func remove(_ key: K) {
        if let slot = liveSlot(key) { removeLive(slot) }
    }

    func removeAll() {
        for slot in liveOrder() { removeLive(Int(slot)) }
    }

    /// Makes the table hold exactly these rows. Those that were there keep their audiences.
    func replaceAll(with rows: some Sequence<(key: K, value: R)>) {
        let before = liveOrder()
        for slot in before { removeLive(Int(slot)) }
        for slot in before { slots[Int(slot)].flags.insert(.replaced) }
        for (key, row) in rows {
            let slot = slot(for: key)
            if slots[slot].flags.isDisjoint(with: [.live, .replaced]) {
                slots[slot].audience = Audience.everyone.number
            }
            put(row, at: slot)
        }
        for slot in before { slots[Int(slot)].flags.remove(.replaced) }
    }

    /// The live slots in key order. Sorted when rows came or went since the last time.
    func liveOrder() -> [Int32] {
        if let order { return order }
        var live: [Int32] = []
        live.reserveCapacity(count)
        for slot in slots.indices where slots[slot].flags.contains(.live) { live.append(Int32(slot)) }
        live.sort { keys[Int($0)] < keys[Int($1)] }
        order = live
        return live
    }

    /// The keys that have a slot, by what readers know them as.
    var keysByRowKey: [RowKey: K] {
        var found: [RowKey: K] = [:]
        for slot in index.values { found[keys[Int(slot)].rowKey] = K(keyBits: keys[Int(slot)]) }
        return found
    }

    /// Gives a slot back that is neither live nor closed.
    func release(_ slot: Int32) {
        index[keys[Int(slot)]] = nil
        if let session = keys[Int(slot)].session { sessions.release(session) }
        slots[Int(slot)] = Slot()
        shadow[Int(slot)] = R()
        free.append(slot)
    }

    private func liveSlot(_ key: K) -> Int? {
        guard let slot = index[key.keyBits], slots[Int(slot)].flags.contains(.live) else { return nil }
        return Int(slot)
    }

    private func put(_ row: R, at slot: Int) {
        touch(slot)
        rows[slot] = row
        guard !slots[slot].flags.contains(.live) else { return }
        slots[slot].flags.insert(.live)
        count += 1
        order = nil
    }

    private func removeLive(_ slot: Int) {
        touch(slot)
        slots[slot].flags.remove(.live)
        rows[slot] = R()
        count -= 1
        order = nil
    }

    private func touch(_ slot: Int) {
        guard !slots[slot].flags.contains(.touched) else { return }
        slots[slot].flags.insert(.touched)
        touched.append(Int32(slot))
    }

    private func slot(for key: K) -> Int {
        var bits = key.keyBits
        if let slot = index[bits] { return Int(slot) }
        if let session = bits.session { bits.take(sessions.hold(session)) }
        let slot: Int
        if let freed = free.popLast() {
            slot = Int(freed)
            keys[slot] = bits
        } else {
            precondition(
                keys.count < PatchLimits.rowLimit,
                "table \"\(name)\" holds \(keys.count) rows; a patch has at most \(PatchLimits.rowLimit)")
            slot = keys.count
            keys.append(bits)
            slots.append(Slot())
            rows.append(R())
            shadow.append(R())
        }
        slots[slot].keyHash = StateHash(table: number, key: bits.rowKey)
        index[bits] = Int32(slot)
        return slot
    }
}
