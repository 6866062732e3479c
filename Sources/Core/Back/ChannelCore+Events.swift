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
    /// The application ended a session: what stands ready may be of one that is gone, and an event may come before it.
    var isInterrupted = false
    var question: Question?
    var decision: Decision?
    /// Members of a link that ended, whose sessions are to be detached one by one.
    var orphans: [(LinkKey, MemberNumber)] = []
    var endedLink: LinkKey?
}

extension ChannelCore {
    func begin() {
        var spare = reading.inbox
        reading = EventReading()
        ready.clear()
        // What arrives from now on goes into the buffers of the tick before.
        spare.clear()
        swap(&spare, &inbox)
        reading.inbox = spare
    }

    func decide(_ decision: EventReading.Decision) {
        precondition(reading.question != nil, "a request is answered before the next call of next()")
        reading.decision = decision
    }

    /// What comes next in the inbox.
    enum Step {
        case event(Event)
        /// Inputs stand in `ready`.
        case inputs
        case end
    }

    /// The next thing that the application should know. What it need not know is done on the way.
    func nextStep() -> Step {
        if let question = reading.question, let event = answer(question) { return .event(event) }
        while true {
            if let event = nextPendingEvent() { return .event(event) }
            if let (link, member) = reading.orphans.popLast() {
                if let event = detach(link, member, .connectionLost) { return .event(event) }
                continue
            }
            if let key = reading.endedLink {
                reading.endedLink = nil
                if let event = forgetLink(key) { return .event(event) }
                continue
            }
            if reading.records != nil {
                walkInputs()
                if ready.count > 0 { return .inputs }
                continue
            }
            guard reading.entry < reading.inbox.entries.count else { return .end }
            let entry = reading.inbox.entries[reading.entry]
            reading.entry += 1
            if let event = take(entry) { return .event(event) }
        }
    }

    /// An event that follows from the one before.
    func nextPendingEvent() -> Event? { pendingEvents.isEmpty ? nil : pendingEvents.removeFirst() }

    /// Whether an input that stands ready is still of a session that is there; one that is not goes nowhere.
    func isCurrent(_ input: ReadyInput) -> Bool {
        if sessions[input.session] == Int(input.slot) { return true }
        counters.inputsApplied -= 1
        counters.inputsWithoutMember += 1
        return false
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
            if sessions.inputs[slot].countedTick == tick, sessions.inputs[slot].isCarryingOver {
                carried.append(entry)
                return nil
            }
            return want.write ? grantWrite(slot, want.options) : revokeWrite(slot, want.options)
        case .message(let key, let member, let range): return message(key, member, range)
        case .told(let sender, let front, let range): return message(sender, through: front, range)
        case .job(let number, let news): return take(news, of: number)
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
