import State

/// What a back channel remembers of one session. Part of the channel's state: it decides what is applied and what is a repeat.
struct SessionRecord {
    /// Where the session is.
    enum Place {
        case attached(LinkKey, MemberNumber)
        /// It expires at that time, unless it comes back.
        case detached(until: Instant)
    }

    let id: SessionID
    var attach: AttachNumber
    /// The life of the front that the current attach came through.
    var incarnation: Incarnation
    var place: Place
    var write: WriteGrant?
    /// Those it is in beside everyone, ascending.
    var audiences: [AudienceNumber] = []
    /// Whether its front is about to be told its audiences anyway.
    var isToldAudiences = false

    // Of the tick in progress only.
    var inputsThisTick = 0
    var isCarryingOver = false
    var isAckDue = false
    var wasToldHighest = false
}

/// A write grant: one integer is the whole dedupe window.
struct WriteGrant {
    let id: GrantID
    /// Everything up to here is decided.
    var highest = InputNumber.none
    /// Of the last `Limits.refusalsRemembered` numbers, those that were refused.
    var refused: [InputNumber] = []

    /// False if that number is not decided yet or was refused before.
    mutating func refuse(_ number: InputNumber) -> Bool {
        guard number <= highest, !refused.contains(number) else { return false }
        if refused.count >= Limits.refusalsRemembered { refused = remembered }
        refused.append(number)
        return true
    }

    /// The refused ones of the last `Limits.refusalsRemembered` numbers.
    var remembered: [InputNumber] {
        refused.filter { highest.rawValue - $0.rawValue < UInt64(Limits.refusalsRemembered) }
    }
}

/// The sessions of one channel, by slot; slots are used again, so a slot is good only until its session leaves.
struct SessionTable {
    private var slots: [SessionRecord?] = []
    private var free: [Int] = []
    private var slotOf: [SessionID: Int] = [:]

    var count: Int { slotOf.count }

    subscript(id: SessionID) -> Int? { slotOf[id] }

    subscript(slot: Int) -> SessionRecord {
        get { slots[slot]! }
        _modify { yield &slots[slot]! }
    }

    /// Slots in use, ascending.
    var used: some Sequence<Int> { slots.indices.lazy.filter { [slots] in slots[$0] != nil } }

    mutating func insert(_ record: SessionRecord) -> Int {
        precondition(slotOf[record.id] == nil, "session \(record.id) is there already")
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(record) } else { slots[slot] = record }
        slotOf[record.id] = slot
        return slot
    }

    mutating func remove(_ slot: Int) -> SessionRecord {
        let record = self[slot]
        slots[slot] = nil
        slotOf[record.id] = nil
        free.append(slot)
        return record
    }
}
