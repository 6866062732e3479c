import State

/// Where the tick in progress stands in its inbox.
struct EventReading {
    /// What the application has been asked and not yet answered.
    enum Question {
        case link(LinkKey)
        case attach(LinkKey, Attach)
    }

    enum Decision {
        case accept([UInt8])
        case refuse(String)
    }

    var inbox = Inbox()
    var entry = 0
    /// The input records that are being walked.
    var records: (link: LinkKey, range: Range<Int>)?
    var question: Question?
    var decision: Decision?
    /// Members of a link that ended, whose sessions are to be detached one by one.
    var orphans: [(LinkKey, MemberNumber)] = []
    var endedLink: LinkKey?
}

extension ChannelCore {
    func begin() {
        reading = EventReading()
        reading.inbox = inbox.take()
        for slot in sessions.used {
            sessions[slot].inputsThisTick = 0
            sessions[slot].isCarryingOver = false
        }
    }

    func decide(_ decision: EventReading.Decision) {
        precondition(reading.question != nil, "a request is answered before the next call of next()")
        reading.decision = decision
    }

    /// The next thing that the application should know. What it need not know is done on the way.
    func nextEvent() -> Event? {
        if let question = reading.question, let event = answer(question) { return event }
        while true {
            if !pendingEvents.isEmpty { return pendingEvents.removeFirst() }
            if let (link, member) = reading.orphans.popLast() {
                if let event = detach(link, member, .connectionLost) { return event }
                continue
            }
            if let key = reading.endedLink {
                reading.endedLink = nil
                if let event = forgetLink(key) { return event }
                continue
            }
            if reading.records != nil {
                if let event = nextInput() { return event }
                continue
            }
            guard reading.entry < reading.inbox.entries.count else { return nil }
            let entry = reading.inbox.entries[reading.entry]
            reading.entry += 1
            if let event = take(entry) { return event }
        }
    }

    private func take(_ entry: Inbox.Entry) -> Event? {
        switch entry {
        case .inputs(let link, let range):
            reading.records = (link, range)
            return nil
        case .link(let key, let options):
            guard let link = links[key] else { return nil }
            reading.question = .link(key)
            return .requested(Request(session: nil, options: options, front: link.front))
        case .unlink(let key): return unlink(key)
        case .attach(let key, let attach): return take(attach, on: key)
        case .detach(let key, let detach): return self.detach(key, detach.member, detach.reason)
        case .want(let key, let want):
            guard let slot = links[key]?.members[want.member] else { return nil }
            if sessions[slot].isCarryingOver {
                carried.append(entry)
                return nil
            }
            return want.write ? grantWrite(slot) : revokeWrite(slot)
        case .message(let key, let session, let range): return message(key, session, range)
        case .told(let sender, let front, let range): return message(sender, through: front, range)
        case .expired(let id):
            // It may have come and gone again in this very tick.
            guard let slot = sessions[id], case .detached(let expiry) = sessions[slot].place, expiry <= now
            else { return nil }
            counters.sessionsExpired += 1
            remove(slot)
            return .left(id, .expired)
        }
    }

    /// What becomes of a request, now that the application had its say.
    private func answer(_ question: EventReading.Question) -> Event? {
        let decision = reading.decision ?? .accept([])
        reading.question = nil
        reading.decision = nil
        switch (question, decision) {
        case (.link(let key), .accept(let data)):
            links[key]?.data = data
            links[key]?.phase = .linked
            return links[key].map { .linked(front: $0.front) }
        case (.link(let key), .refuse(let reason)):
            counters.requestsRefused += 1
            refuseLink(key, Farewell(.refused, reason.clipped))
            return nil
        case (.attach(let key, let attach), .accept(let data)):
            return admit(attach, on: key, data: data)
        case (.attach(let key, let attach), .refuse(let reason)):
            counters.requestsRefused += 1
            dismiss(attach.member, on: key, Farewell(.refused, reason.clipped))
            return nil
        }
    }

    /// The next input that is this session's next, of the records at hand. Nil when they are walked.
    ///
    /// Credit comes back for a record when it is decided: one that is carried over still fills the inbox.
    private func nextInput() -> Event? {
        guard let (link, range) = reading.records else { return nil }
        let storage = reading.inbox.bytes
        var at = range.lowerBound
        while at < range.upperBound {
            let record = InputRecord(in: storage, at: at, end: range.upperBound)
            let byteCount = record.end - at
            at = record.end
            guard let slot = links[link]?.members[record.member] else {
                counters.inputsWithoutMember += 1
                links[link]?.consumedByteCount += byteCount
                continue
            }
            guard let highest = sessions[slot].write?.highest else {
                counters.inputsWithoutGrant += 1
                links[link]?.consumedByteCount += byteCount
                continue
            }
            if record.number == highest.next {
                if sessions[slot].isCarryingOver || sessions[slot].inputsThisTick == Limits.inputsPerSessionAndTick {
                    sessions[slot].isCarryingOver = true
                    counters.inputsCarriedOver += 1
                    carryOver(record, storage, link)
                    continue
                }
                links[link]?.consumedByteCount += byteCount
                sessions[slot].write?.highest = record.number
                sessions[slot].inputsThisTick += 1
                markAckDue(slot)
                counters.inputsApplied += 1
                reading.records = at < range.upperBound ? (link, at..<range.upperBound) : nil
                return .input(
                    Input(
                        session: sessions[slot].id, number: record.number.rawValue, bytes: Bytes(storage, record.data)))
            }
            if sessions[slot].isCarryingOver, record.number > highest {
                carryOver(record, storage, link)
                continue
            }
            links[link]?.consumedByteCount += byteCount
            // A repeat is acked again; a number ahead of its turn is answered with the highest, once a tick.
            if record.number <= highest { counters.inputsRepeated += 1 } else { counters.inputsOutOfOrder += 1 }
            markAckDue(slot)
        }
        reading.records = nil
        return nil
    }

    private func carryOver(_ record: InputRecord, _ storage: [UInt8], _ link: LinkKey) {
        carried.carry(member: record.member, number: record.number, data: Bytes(storage, record.data), from: link)
    }

    func markAckDue(_ slot: Int) {
        guard !sessions[slot].isAckDue else { return }
        sessions[slot].isAckDue = true
        ackDue.append(slot)
    }
}

/// One record of an `inputs` frame. `Inbox.checkRecords` has read it before, so it is whole.
private struct InputRecord {
    let member: MemberNumber
    let number: InputNumber
    let data: Range<Int>
    let end: Int
    /// All of it, as the front counted it against its credit.
    let byteCount: Int

    init(in storage: [UInt8], at start: Int, end limit: Int) {
        var at = start
        member = MemberNumber(rawValue: storage.checkedNum(&at))
        number = InputNumber(rawValue: storage.checkedNum(&at))
        let count = Int(storage.checkedNum(&at))
        data = at..<at + count
        end = at + count
        byteCount = end - start
    }
}

extension [UInt8] {
    /// A `num` that is known to be whole and in its shortest form.
    fileprivate func checkedNum(_ at: inout Int) -> UInt64 {
        let first = self[at]
        at += 1
        let (tailCount, head): (Int, UInt64) =
            switch first {
            case ..<0x80: (0, UInt64(first))
            case ..<0xC0: (1, UInt64(first & 0x3F))
            case ..<0xE0: (2, UInt64(first & 0x1F))
            case ..<0xF0: (3, UInt64(first & 0x0F))
            default: (Int(first) - 0xF0 + 4, 0)
            }
        var value = head
        for _ in 0..<tailCount {
            value = value << 8 | UInt64(self[at])
            at += 1
        }
        return value
    }
}

extension String {
    /// A reason, cut to what the wire carries.
    var clipped: String {
        guard utf8.count > Limits.reasonBytes else { return self }
        var cut = Substring(self)
        while cut.utf8.count > Limits.reasonBytes { cut.removeLast() }
        return String(cut)
    }
}
