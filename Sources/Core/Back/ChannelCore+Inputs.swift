import State

/// An input that the tick gives to the application, as the walk found it.
struct ReadyInput {
    let session: SessionID
    let slot: Int
    let number: UInt64
    /// Its bytes in the inbox.
    let data: Range<Int>
}

/// Inputs: which are a session's next, which are repeats, which wait for the next tick. Decided for many records in one walk over
/// plain numbers; the application then takes them one by one.
extension ChannelCore {
    /// How many inputs a walk makes ready at once, so that they are still near when the application takes them.
    private static let readyLimit = 512

    /// Walks the records at hand until enough stand ready or none are left.
    ///
    /// Credit comes back for a record when it is decided: one that is carried over still fills the inbox.
    func walkInputs() {
        guard let (key, range) = reading.records else { return }
        reading.records = nil
        var walk = InputWalk(tick: tick, ready: reading.ready)
        walk.ready.removeAll(keepingCapacity: true)
        reading.ready = []
        let members = links[key]?.members ?? NumberMap()
        let end = reading.inbox.bytes.withUnsafeBufferPointer { storage in
            sessions.withInputs { walk.run(storage, range, Self.readyLimit, members, $0) }
        }
        links[key]?.consumedByteCount += walk.consumedByteCount
        for slot in walk.ackDue { ackDue.append(slot) }
        for record in walk.carried { carry(record, from: key) }
        counters.inputsApplied += UInt64(walk.ready.count)
        counters.inputsWithoutMember += walk.withoutMember
        counters.inputsWithoutGrant += walk.withoutGrant
        counters.inputsCarriedOver += walk.carriedOver
        counters.inputsRepeated += walk.repeated
        counters.inputsOutOfOrder += walk.outOfOrder
        reading.ready = walk.ready
        if end < range.upperBound { reading.records = (key, end..<range.upperBound) }
    }

    private func carry(_ record: InputRecord, from key: LinkKey) {
        carried.carry(
            member: record.member, number: record.number, data: Bytes(reading.inbox.bytes, record.data), from: key)
    }
}

/// One walk's outcome, kept apart from the channel so that the loop touches locals only.
private struct InputWalk {
    let tick: TickNumber
    var ready: [ReadyInput]
    var ackDue: [Int] = []
    var carried: [InputRecord] = []
    var consumedByteCount = 0
    var withoutMember: UInt64 = 0
    var withoutGrant: UInt64 = 0
    /// Records that came in order and are too many for one tick; those behind them are carried too, and not counted.
    var carriedOver: UInt64 = 0
    var repeated: UInt64 = 0
    var outOfOrder: UInt64 = 0

    /// Answers where it stopped.
    mutating func run(
        _ storage: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ readyLimit: Int,
        _ members: borrowing NumberMap<MemberNumber>, _ sessions: UnsafeMutableBufferPointer<SessionInputs>
    ) -> Int {
        var at = range.lowerBound
        while at < range.upperBound, ready.count < readyLimit {
            let record = InputRecord(in: storage, at: at)
            let byteCount = record.data.upperBound - at
            at = record.data.upperBound
            guard let slot = members[record.member] else {
                withoutMember += 1
                consumedByteCount += byteCount
                continue
            }
            guard sessions[slot].hasGrant else {
                withoutGrant += 1
                consumedByteCount += byteCount
                continue
            }
            sessions[slot].count(in: tick)
            let highest = sessions[slot].highest
            let isNext = record.number.rawValue == highest.rawValue &+ 1
            if isNext, !sessions[slot].isCarryingOver,
                sessions[slot].countThisTick < Int32(Limits.inputsPerSessionAndTick)
            {
                sessions[slot].highest = record.number
                sessions[slot].countThisTick &+= 1
                ready.append(
                    ReadyInput(
                        session: sessions[slot].id, slot: slot, number: record.number.rawValue, data: record.data))
            } else if isNext || (sessions[slot].isCarryingOver && record.number > highest) {
                sessions[slot].isCarryingOver = true
                if isNext { carriedOver += 1 }
                carried.append(record)
                continue
            } else if record.number <= highest {
                // A repeat is acked again; a number ahead of its turn is answered with the highest, once a tick.
                repeated += 1
            } else {
                outOfOrder += 1
            }
            consumedByteCount += byteCount
            if !sessions[slot].isAckDue {
                sessions[slot].isAckDue = true
                ackDue.append(slot)
            }
        }
        return at
    }
}

/// One record of an `inputs` frame. `Inbox.checkRecords` has read it before, so it is whole.
private struct InputRecord {
    let member: MemberNumber
    let number: InputNumber
    let data: Range<Int>

    @inline(__always) init(in storage: UnsafeBufferPointer<UInt8>, at start: Int) {
        var at = start
        member = MemberNumber(rawValue: Self.num(storage, &at))
        number = InputNumber(rawValue: Self.num(storage, &at))
        let count = Int(Self.num(storage, &at))
        data = at..<at + count
    }

    /// A `num` that is known to be whole and in its shortest form.
    @inline(__always)
    private static func num(_ storage: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> UInt64 {
        let first = storage[at]
        at += 1
        if first < 0x80 { return UInt64(first) }
        if first < 0xC0 {
            at += 1
            return UInt64(first & 0x3F) << 8 | UInt64(storage[at - 1])
        }
        return longNum(first, storage, &at)
    }

    private static func longNum(_ first: UInt8, _ storage: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> UInt64 {
        let (tailCount, head): (Int, UInt64) =
            switch first {
            case ..<0xE0: (2, UInt64(first & 0x1F))
            case ..<0xF0: (3, UInt64(first & 0x0F))
            default: (Int(first) - 0xF0 + 4, 0)
            }
        var value = head
        for _ in 0..<tailCount {
            value = value << 8 | UInt64(storage[at])
            at += 1
        }
        return value
    }
}
