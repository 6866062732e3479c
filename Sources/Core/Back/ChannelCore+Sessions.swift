import State

/// Sessions coming, going and writing. All of it happens inside a tick, in inbox order.
extension ChannelCore {
    /// An attach, as it came: a session that we know goes on where it was, one that we do not know is asked about.
    func take(_ attach: Attach, on key: LinkKey) -> Event? {
        // A refused link has no members: its front tells whoever waits when it hears the refusal.
        guard links[key]?.phase.isLinked == true, let door = door(key) else { return nil }
        guard attach.member != .front, links[key]?.members[attach.member] == nil else {
            dismiss(attach.member, on: key, Farewell(.duplicate, "member \(attach.member) is taken"))
            return nil
        }
        guard let slot = sessions[attach.session] else {
            guard sessions.count < Limits.sessionsPerChannel else {
                counters.sessionsRefused += 1
                dismiss(attach.member, on: key, Farewell(.overloaded, "the channel is full"))
                return nil
            }
            reading.question = .attach(key, attach)
            return .requested(
                Request(session: session(of: attach, front: door.front), options: attach.options, front: door.front))
        }
        return bringBack(attach, slot, on: key, door)
    }

    /// What is to be known of a link to let sessions in. Not the link itself: whoever holds that makes each change to its members
    /// a copy of all of them.
    private struct Door {
        let front: String
        let incarnation: Incarnation
    }

    private func door(_ key: LinkKey) -> Door? {
        links[key].map { Door(front: $0.front, incarnation: $0.incarnation) }
    }

    private func bringBack(_ attach: Attach, _ slot: Int, on key: LinkKey, _ door: Door) -> Event? {
        let known = sessions[slot]
        // What a front said on a trunk that broke may come behind what it says on the next one.
        let isOvertaken = if case .attached(let newest, _) = known.place { key.trunk < newest.trunk } else { false }
        let isNewer =
            attach.attach > known.attach
            || (attach.attach == known.attach && door.incarnation == known.incarnation && !isOvertaken)
        guard isNewer else {
            counters.attachesSuperseded += 1
            dismiss(attach.member, on: key, Farewell(.superseded, "a newer attach of this session lives elsewhere"))
            return nil
        }
        if case .attached(let oldKey, let oldMember) = known.place {
            counters.attachesSuperseded += 1
            removeMember(oldMember, from: oldKey)
            dismiss(oldMember, on: oldKey, Farewell(.superseded, "a newer attach of this session lives elsewhere"))
        }
        place(slot, attach, on: key, data: [])
        if attach.wantsWrite {
            let isNew = sessions[slot].write == nil
            _ = grantWrite(slot, attach.writeOptions)
            if isNew { pendingEvents.append(.writeGranted(known.id, options: attach.writeOptions)) }
        } else if sessions[slot].write != nil {
            sessions.setGrant(nil, slot)
            pendingEvents.append(.writeRevoked(known.id, options: []))
        }
        return .returned(session(of: attach, front: door.front))
    }

    /// A new session, with the application's yes.
    func admit(_ attach: Attach, on key: LinkKey, data: [UInt8]) -> Event? {
        guard let door = door(key) else { return nil }
        counters.attaches += 1
        let slot = sessions.insert(
            SessionRecord(
                id: attach.session, number: state.hold(attach.session), attach: attach.attach,
                incarnation: door.incarnation, place: .detached(until: now)))
        if let own = state.knownAudience(of: attach.session) { enterOwn(own, slot) }
        place(slot, attach, on: key, data: data)
        if attach.wantsWrite {
            _ = grantWrite(slot, attach.writeOptions)
            pendingEvents.append(.writeGranted(attach.session, options: attach.writeOptions))
        }
        return .joined(session(of: attach, front: door.front))
    }

    private func place(_ slot: Int, _ attach: Attach, on key: LinkKey, data: [UInt8]) {
        sessions[slot].attach = attach.attach
        sessions[slot].incarnation = links[key]!.incarnation
        sessions[slot].place = .attached(key, attach.member)
        sessions[slot].isToldAudiences = true
        addMember(attach.member, slot, to: key)
        let me = sessions[slot].number
        links[key]!.attachAnswers.append(
            AttachAnswer(member: attach.member, me: me, held: attach.held, data: data))
    }

    private func session(of attach: Attach, front: String) -> Session {
        Session(
            id: attach.session,
            claims: Dictionary(attach.claims.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            options: attach.options, front: front)
    }

    func detach(_ key: LinkKey, _ member: MemberNumber, _ reason: DetachReason) -> Event? {
        guard let slot = removeMember(member, from: key) else { return nil }
        let id = sessions[slot].id
        switch reason {
        case .connectionLost: return wait(slot, Limits.detachedSession)
        case .goingAway: return wait(slot, Limits.leavingSession)
        case .leftForGood, .stoppedReading:
            if let grant = sessions[slot].write { revoked(grant, slot, key, member) }
            remove(slot)
            return .left(id, .left)
        }
    }

    /// The session is away, and kept for so long.
    private func wait(_ slot: Int, _ patience: Duration) -> Event {
        let expiry = now + patience
        sessions[slot].place = .detached(until: expiry)
        nextExpiry = nextExpiry.map { min($0, expiry) } ?? expiry
        return .detached(sessions[slot].id)
    }

    /// Puts sessions that were away for too long into the inbox, so that the record of the tick has them.
    func expireSessions() {
        guard let nextExpiry, nextExpiry <= now else { return }
        self.nextExpiry = nil
        for slot in sessions.used {
            guard case .detached(let expiry) = sessions[slot].place else { continue }
            if expiry <= now {
                inbox.append(.expired(sessions[slot].id))
            } else if self.nextExpiry.map({ expiry < $0 }) ?? true {
                self.nextExpiry = expiry
            }
        }
    }

    func grantWrite(_ slot: Int, _ options: [UInt8]) -> Event? {
        guard case .attached(let key, let member) = sessions[slot].place else { return nil }
        let isNew = sessions[slot].write == nil
        if isNew { sessions.setGrant(WriteGrant(id: GrantID(rawValue: dice.next())), slot) }
        let grant = sessions[slot].write!
        let highest = sessions.inputs[slot].highest
        let answer = Granted(
            link: key.number, member: member, grant: grant.id, highest: highest, refused: grant.remembered(highest))
        links[key]?.grants.frame(.granted) { answer.encode(into: &$0) }
        return isNew ? .writeGranted(sessions[slot].id, options: options) : nil
    }

    func revokeWrite(_ slot: Int, _ options: [UInt8]) -> Event? {
        guard let grant = sessions[slot].write, case .attached(let key, let member) = sessions[slot].place else {
            return nil
        }
        revoked(grant, slot, key, member)
        sessions.setGrant(nil, slot)
        return .writeRevoked(sessions[slot].id, options: options)
    }

    /// The revocation is confirmed behind the acks of the same tick, so that nothing is left undecided.
    private func revoked(_ grant: WriteGrant, _ slot: Int, _ key: LinkKey, _ member: MemberNumber) {
        let highest = sessions.inputs[slot].highest
        let answer = Revoked(link: key.number, member: member, grant: grant.id, highest: highest)
        links[key]?.revocations.frame(.revoked) { answer.encode(into: &$0) }
    }

    /// Forgets a session; its slot may be another's in the same tick.
    func remove(_ slot: Int) {
        if sessions.inputs[slot].isAckDue { ackDue.removeAll { $0 == slot } }
        departed.append(sessions.remove(slot).id)
    }

    /// Ends a session by the application's wish.
    func dismiss(_ id: SessionID, _ farewell: Farewell) {
        guard let slot = sessions[id] else { return }
        if case .attached(let key, let member) = sessions[slot].place {
            removeMember(member, from: key)
            dismiss(member, on: key, farewell)
        }
        remove(slot)
        pendingEvents.append(.left(id, .dismissed))
        reading.isInterrupted = true
    }

    func dismiss(_ member: MemberNumber, on key: LinkKey, _ farewell: Farewell) {
        let answer = Dismissed(
            link: key.number, member: member, farewell: Farewell(farewell.code, farewell.reason.clipped))
        links[key]?.answers.frame(.dismissed) { answer.encode(into: &$0) }
    }

    func refuse(_ input: Input, _ reason: String) {
        guard let slot = sessions[input.session], sessions[slot].write != nil else { return }
        let number = InputNumber(rawValue: input.number)
        guard sessions.refuse(number, slot) else { return }
        counters.inputsRefused += 1
        guard case .attached(let key, let member) = sessions[slot].place else { return }
        let answer = MemberRefused(link: key.number, member: member, number: number, reason: reason.clipped)
        links[key]?.decisions.frame(.refused) { answer.encode(into: &$0) }
    }
}
