/// A mirror's rows as plain memory, to find them by key. Good for the length of one call.
struct MirrorLookup {
    private let slots: UnsafePointer<MirrorSlot>?
    private let index: UnsafePointer<Int32>?
    private let indexMask: Int
    private let arena: UnsafePointer<UInt8>?

    init(
        slots: UnsafeBufferPointer<MirrorSlot>, index: UnsafeBufferPointer<Int32>, arena: UnsafeBufferPointer<UInt8>
    ) {
        self.slots = slots.baseAddress
        self.index = index.isEmpty ? nil : index.baseAddress
        self.arena = arena.baseAddress
        indexMask = index.count - 1
    }

    /// The first slot with this hash that `isIt`.
    @inline(__always)
    func first(_ hash: StateHash, where isIt: (MirrorSlot) -> Bool) -> Int? {
        guard let index, let slots else { return nil }
        var place = Int(truncatingIfNeeded: hash.first) & indexMask
        while index[place] != MirrorStore.noSlot {
            let slot = Int(index[place])
            if slots[slot].keyHash == hash, isIt(slots[slot]) { return slot }
            place = (place &+ 1) & indexMask
        }
        return nil
    }

    /// The slot of a row of a patch in one audience.
    @inline(__always)
    func slot(
        _ hash: StateHash, _ row: PatchEntry, _ patch: UnsafePointer<UInt8>, audience: UInt32
    ) -> Int? {
        first(hash) { slot in
            slot.audience == audience && slot.table == row.table && slot.keyByteCount == row.keyByteCount
                && (row.keysAreBytes ? hasBytes(slot, patch + Int(row.key)) : slot.key == row.key)
        }
    }

    /// The slot of the same key in another audience that has it now.
    func other(than slot: Int) -> Int? {
        guard let slots, let arena else { return nil }
        let own = slots[slot]
        return first(own.keyHash) { other in
            other.audience != own.audience && other.standing != .gone && other.table == own.table
                && other.keyByteCount == own.keyByteCount
                && (own.keyByteCount >= 0 ? hasBytes(other, arena + Int(own.key)) : other.key == own.key)
        }
    }

    @inline(__always) func valuesByteCount(_ slot: Int) -> Int { slots?[slot].valuesByteCount ?? 0 }

    func key(_ slot: MirrorSlot) -> RowKey {
        if slot.kind == .session { return .session(SessionNumber(key: slot.key)) }
        guard slot.kind == .text, let arena else { return .int(slot.key) }
        let bytes = UnsafeRawBufferPointer(start: arena + Int(slot.key), count: Int(slot.keyByteCount))
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    @inline(never)
    private func hasBytes(_ slot: MirrorSlot, _ key: UnsafePointer<UInt8>) -> Bool {
        guard let arena else { return false }
        let byteCount = Int(slot.keyByteCount)
        return ByteOrder.compare(
            UnsafeRawBufferPointer(start: arena + Int(slot.key), count: byteCount),
            UnsafeRawBufferPointer(start: key, count: byteCount)) == 0
    }
}
