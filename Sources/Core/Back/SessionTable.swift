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
    /// What clients know it by, held while it is here.
    let number: SessionNumber
    var attach: AttachNumber
    /// The life of the front that the current attach came through.
    var incarnation: Incarnation
    var place: Place
    var write: WriteGrant?
    /// Those it is in beside everyone, ascending.
    var audiences: [AudienceNumber] = []
    /// Whether its front is about to be told its audiences anyway.
    var isToldAudiences = false
}

/// A write grant; how far its inputs are decided is in `SessionInputs`.
struct WriteGrant {
    let id: GrantID
    /// Of the last `Limits.refusalsRemembered` numbers, those that were refused.
    private(set) var refused: [InputNumber] = []

    init(id: GrantID) { self.id = id }

    /// False if that number is not decided yet or was refused before.
    mutating func refuse(_ number: InputNumber, highest: InputNumber) -> Bool {
        guard number <= highest, !refused.contains(number) else { return false }
        if refused.count >= Limits.refusalsRemembered { refused = remembered(highest) }
        refused.append(number)
        return true
    }

    /// The refused ones of the last `Limits.refusalsRemembered` numbers.
    func remembered(_ highest: InputNumber) -> [InputNumber] {
        refused.filter { highest.rawValue - $0.rawValue < UInt64(Limits.refusalsRemembered) }
    }
}

/// What the walk over a tick's inputs reads and writes of a session, and nothing else: plain numbers, side by side.
struct SessionInputs {
    let id: SessionID
    /// Everything up to here is decided: this one integer is the whole dedupe window of the grant.
    var highest = InputNumber.none
    var hasGrant = false
    /// It waits among those that are owed an ack.
    var isAckDue = false
    /// Whether inputs of it were put off to the next tick; good in `countedTick` only, as the count.
    var isCarryingOver = false
    var countThisTick: Int32 = 0
    var countedTick = TickNumber(rawValue: 0)

    /// Begins to count anew in a new tick.
    @inline(__always) mutating func count(in tick: TickNumber) {
        guard countedTick != tick else { return }
        countedTick = tick
        countThisTick = 0
        isCarryingOver = false
    }
}

/// The sessions of one channel, by slot; slots are used again, so a slot is good only until its session leaves.
struct SessionTable {
    private var slots: [SessionRecord?] = []
    /// By slot; what stands in a free one means nothing.
    private(set) var inputs: [SessionInputs] = []
    private var free: [Int] = []
    private var slotOf: [SessionID: Int] = [:]

    var count: Int { slotOf.count }

    subscript(id: SessionID) -> Int? { slotOf[id] }

    subscript(slot: Int) -> SessionRecord {
        get { slots[slot]! }
        _modify { yield &slots[slot]! }
    }

    /// The grant that a session holds begins or ends.
    mutating func setGrant(_ grant: WriteGrant?, _ slot: Int) {
        slots[slot]!.write = grant
        inputs[slot].hasGrant = grant != nil
        inputs[slot].highest = .none
    }

    /// Refuses a decided input of the session's grant; see `WriteGrant.refuse`.
    mutating func refuse(_ number: InputNumber, _ slot: Int) -> Bool {
        slots[slot]!.write?.refuse(number, highest: inputs[slot].highest) ?? false
    }

    /// Takes sessions from the list of those that are owed an ack. `take` says of each where it is attached and how far its
    /// grant's inputs are decided, and answers whether that was sent; who was not stays.
    mutating func takeAcks(_ due: [Int], _ take: (LinkKey, MemberNumber, InputNumber) -> Bool) -> [Int] {
        var kept: [Int] = []
        inputs.withUnsafeMutableBufferPointer { inputs in
            slots.withUnsafeBufferPointer { slots in
                for slot in due {
                    inputs[slot].isAckDue = false
                    guard case .attached(let key, let member)? = slots[slot]?.place, inputs[slot].hasGrant,
                        !take(key, member, inputs[slot].highest)
                    else { continue }
                    inputs[slot].isAckDue = true
                    kept.append(slot)
                }
            }
        }
        return kept
    }

    /// Lends the numbers that a walk over inputs changes.
    @inline(__always)
    mutating func withInputs<T>(_ body: (UnsafeMutableBufferPointer<SessionInputs>) -> T) -> T {
        inputs.withUnsafeMutableBufferPointer { body($0) }
    }

    /// Slots in use, ascending.
    var used: some Sequence<Int> { slots.indices.lazy.filter { [slots] in slots[$0] != nil } }

    mutating func insert(_ record: SessionRecord) -> Int {
        precondition(slotOf[record.id] == nil, "session \(record.id) is there already")
        let slot = free.popLast() ?? slots.count
        if slot == slots.count {
            slots.append(record)
            inputs.append(SessionInputs(id: record.id))
        } else {
            slots[slot] = record
            inputs[slot] = SessionInputs(id: record.id)
        }
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
