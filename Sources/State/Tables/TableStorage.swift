/// The rows of one table and their shadow: what the handles and the state share.
///
/// Rows stand in slots, next to each other, the shadow in the same slots of its own array. A slot is free, or has a key
/// and is `live`, `closed` (in the shadow) or both; slots written since the last close are listed once each in `touched`.
/// Confined to the loop that its channel lives on.
final class TableStorage<K: TableKey, R: Row> {
    let name: String
    let layout: RowLayout
    let schema: TableSchema

    var slots: [K.Bits: Int32] = [:]
    var keys: ContiguousArray<K.Bits> = []
    var flags: ContiguousArray<SlotFlags> = []
    var rows: ContiguousArray<R> = []
    var shadow: ContiguousArray<R> = []
    var touched: [Int32] = []
    private(set) var count = 0

    private var free: [Int32] = []
    /// The live slots in key order, when nothing came or went since it was made.
    private var order: [Int32]?

    init(name: String, layout: RowLayout, fields: [FieldDescription]) {
        self.name = name
        self.layout = layout
        schema = TableSchema(name: name, keys: K.Bits.kind, fields: fields)
    }

    func row(_ key: K) -> R? {
        guard let slot = slots[key.keyBits], flags[Int(slot)].contains(.live) else { return nil }
        return rows[Int(slot)]
    }

    func contains(_ key: K) -> Bool {
        guard let slot = slots[key.keyBits] else { return false }
        return flags[Int(slot)].contains(.live)
    }

    func put(_ row: R, _ key: K) {
        let bits = key.keyBits
        let slot = slots[bits] ?? newSlot(bits)
        touch(slot)
        rows[Int(slot)] = row
        guard !flags[Int(slot)].contains(.live) else { return }
        flags[Int(slot)].insert(.live)
        count += 1
        order = nil
    }

    func remove(_ key: K) {
        guard let slot = slots[key.keyBits], flags[Int(slot)].contains(.live) else { return }
        removeLive(slot)
    }

    func removeAll() {
        for slot in liveOrder() { removeLive(slot) }
    }

    /// The live slots in key order. Sorted when rows came or went since the last time.
    func liveOrder() -> [Int32] {
        if let order { return order }
        var live: [Int32] = []
        live.reserveCapacity(count)
        for slot in flags.indices where flags[slot].contains(.live) { live.append(Int32(slot)) }
        live.sort { keys[Int($0)] < keys[Int($1)] }
        order = live
        return live
    }

    /// Gives a slot back that is neither live nor closed.
    func release(_ slot: Int32) {
        slots[keys[Int(slot)]] = nil
        flags[Int(slot)] = []
        free.append(slot)
    }

    private func removeLive(_ slot: Int32) {
        touch(slot)
        flags[Int(slot)].remove(.live)
        rows[Int(slot)] = R()
        count -= 1
        order = nil
    }

    private func touch(_ slot: Int32) {
        guard !flags[Int(slot)].contains(.touched) else { return }
        flags[Int(slot)].insert(.touched)
        touched.append(slot)
    }

    private func newSlot(_ key: K.Bits) -> Int32 {
        let slot: Int32
        if let freed = free.popLast() {
            slot = freed
            keys[Int(slot)] = key
        } else {
            precondition(
                keys.count < PatchLimits.rowLimit,
                "table \"\(name)\" holds \(keys.count) rows; a patch has at most \(PatchLimits.rowLimit)")
            slot = Int32(keys.count)
            keys.append(key)
            flags.append([])
            rows.append(R())
            shadow.append(R())
        }
        slots[key] = slot
        return slot
    }
}
