import State

/// Inputs: which are a session's next, which are repeats, which wait for the next tick. Decided for many records in one walk over
/// plain numbers; the application then takes them one by one.
extension ChannelCore {
    /// Walks the records at hand until enough stand ready or none are left.
    ///
    /// Credit comes back for a record when it is decided: one that is carried over still fills the inbox.
    func walkInputs() {
        guard let (key, range) = reading.records else { return }
        reading.records = nil
        ready.clear()
        var walk = InputWalk(tick: tick, ready: ready.memory, readyLimit: ready.capacity)
        let members = links[key]?.members ?? NumberMap()
        let end = reading.inbox.bytes.withUnsafeBufferPointer { storage in
            sessions.withInputs { walk.run(storage, range, members, $0) }
        }
        links[key]?.consumedByteCount += walk.consumedByteCount
        for slot in walk.ackDue { ackDue.append(slot) }
        for record in walk.carried { carried.append(record: reading.inbox.bytes[record], from: key) }
        counters.inputsApplied += UInt64(walk.readyCount)
        counters.inputsWithoutMember += walk.withoutMember
        counters.inputsWithoutGrant += walk.withoutGrant
        counters.inputsCarriedOver += walk.carriedOver
        counters.inputsRepeated += walk.repeated
        counters.inputsOutOfOrder += walk.outOfOrder
        ready.filled(walk.readyCount)
        if end < range.upperBound { reading.records = (key, end..<range.upperBound) }
    }
}

/// One walk's outcome, kept apart from the channel so that the loop touches locals only.
private struct InputWalk {
    let tick: TickNumber
    let ready: UnsafeMutablePointer<ReadyInput>
    let readyLimit: Int
    var readyCount = 0
    var ackDue: [Int] = []
    /// Where the records are that wait for the next tick.
    var carried: [Range<Int>] = []
    var consumedByteCount = 0
    var withoutMember: UInt64 = 0
    var withoutGrant: UInt64 = 0
    /// Records that came in order and are too many for one tick; those behind them are carried too, and not counted.
    var carriedOver: UInt64 = 0
    var repeated: UInt64 = 0
    var outOfOrder: UInt64 = 0

    /// Answers where it stopped.
    mutating func run(
        _ storage: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ members: borrowing NumberMap<MemberNumber>,
        _ sessions: UnsafeMutableBufferPointer<SessionInputs>
    ) -> Int {
        guard let sessions = sessions.baseAddress else { return skip(storage, range) }
        var at = range.lowerBound
        while at < range.upperBound, readyCount < readyLimit {
            let start = at
            let record = InputRecord(in: storage, at: start)
            let byteCount = record.end &- start
            at = record.end
            guard let slot = members[record.member] else {
                withoutMember += 1
                consumedByteCount &+= byteCount
                continue
            }
            let session = sessions + slot
            guard session.pointee.hasGrant else {
                withoutGrant += 1
                consumedByteCount &+= byteCount
                continue
            }
            guard decide(record, session, slot) else {
                carried.append(start..<record.end)
                continue
            }
            consumedByteCount &+= byteCount
            if !session.pointee.isAckDue {
                session.pointee.isAckDue = true
                ackDue.append(slot)
            }
        }
        return at
    }

    /// False if the record is carried over.
    @inline(__always)
    private mutating func decide(
        _ record: InputRecord, _ session: UnsafeMutablePointer<SessionInputs>, _ slot: Int
    ) -> Bool {
        session.pointee.count(in: tick)
        let highest = session.pointee.highest
        let isNext = record.number.rawValue == highest.rawValue &+ 1
        if isNext, !session.pointee.isCarryingOver,
            session.pointee.countThisTick < Int32(Limits.inputsPerSessionAndTick)
        {
            session.pointee.highest = record.number
            session.pointee.countThisTick &+= 1
            ready[readyCount] = ReadyInput(
                session: session.pointee.id, number: record.number.rawValue,
                start: UInt32(truncatingIfNeeded: record.start),
                byteCount: UInt32(truncatingIfNeeded: record.end &- record.start),
                slot: UInt32(truncatingIfNeeded: slot))
            readyCount &+= 1
            return true
        }
        if isNext || (session.pointee.isCarryingOver && record.number > highest) {
            session.pointee.isCarryingOver = true
            if isNext { carriedOver += 1 }
            return false
        }
        // A repeat is acked again; a number ahead of its turn is answered with the highest, once a tick.
        if record.number <= highest { repeated += 1 } else { outOfOrder += 1 }
        return true
    }

    /// Passes over records of a channel that nobody is in.
    private mutating func skip(_ storage: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
        var at = range.lowerBound
        while at < range.upperBound {
            at = InputRecord(in: storage, at: at).end
            withoutMember += 1
        }
        consumedByteCount += range.count
        return at
    }
}

/// One record of an `inputs` frame. `Inbox.checkRecords` has read it before, so it is whole.
private struct InputRecord {
    let member: MemberNumber
    let number: InputNumber
    /// Of its bytes.
    let start: Int
    let end: Int

    @inline(__always) init(in storage: UnsafeBufferPointer<UInt8>, at start: Int) {
        var at = start
        member = MemberNumber(rawValue: Self.num(storage, &at))
        number = InputNumber(rawValue: Self.num(storage, &at))
        let count = Int(truncatingIfNeeded: Self.num(storage, &at))
        (self.start, end) = (at, at &+ count)
    }

    /// A `num` that is known to be whole and in its shortest form.
    @inline(__always)
    private static func num(_ storage: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> UInt64 {
        let first = storage[at]
        at &+= 1
        if first < 0x80 { return UInt64(first) }
        if first < 0xC0 {
            at &+= 1
            return UInt64(first & 0x3F) &<< 8 | UInt64(storage[at &- 1])
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
