import State

/// Who may see what: sessions entering and leaving audiences. All of it happens inside a tick; links and members are told with
/// the tick's sections.
extension ChannelCore {
    func number(of id: SessionID) -> SessionNumber? { sessions[id].map { sessions[$0].number } }

    func enter(_ audience: Audience, _ id: SessionID) -> Bool {
        guard let slot = sessions[id] else { return false }
        let number = Self.number(audience)
        guard let place = sessions[slot].audiences.placeToInsert(number) else { return true }
        guard sessions[slot].audiences.count < Limits.audiencesPerSession else {
            counters.audiencesRefused += 1
            return false
        }
        insert(number, at: place, slot)
        return true
    }

    func leave(_ audience: Audience, _ id: SessionID) {
        guard let slot = sessions[id] else { return }
        let number = Self.number(audience)
        guard let place = sessions[slot].audiences.firstIndex(of: number) else { return }
        sessions[slot].audiences.remove(at: place)
        if case .attached(let key, _) = sessions[slot].place { links[key]?.audiences.leave(number, now: now) }
        regrouped(slot)
    }

    /// Makes a session be in exactly these, and in its own.
    func setAudiences(_ audiences: some Sequence<Audience>, of id: SessionID) -> Bool {
        guard let slot = sessions[id] else { return false }
        var wanted = Set(audiences.map(Self.number))
        if let own = state.knownAudience(of: id) { wanted.insert(AudienceNumber(rawValue: own.wireNumber)) }
        guard wanted.count <= Limits.audiencesPerSession else {
            counters.audiencesRefused += 1
            return false
        }
        let before = sessions[slot].audiences
        let after = wanted.sorted()
        guard before != after else { return true }
        sessions[slot].audiences = after
        if case .attached(let key, _) = sessions[slot].place {
            let old = Set(before)
            for number in after where !old.contains(number) { links[key]?.audiences.enter(number) }
            for number in before where !wanted.contains(number) { links[key]?.audiences.leave(number, now: now) }
        }
        regrouped(slot)
        return true
    }

    func audiences(of id: SessionID) -> [Audience] {
        guard let slot = sessions[id] else { return [] }
        return sessions[slot].audiences.compactMap { Audience(wireNumber: $0.rawValue) }
    }

    /// Puts sessions whose own audience was asked for in this tick into it, and forgets numbers and audiences of those that
    /// are gone.
    func settleOwnAudiences() {
        for (id, audience) in state.takeNamedSessions() {
            if let slot = sessions[id] { enterOwn(audience, slot) }
        }
        for id in departed { state.release(id) }
        for id in departed where sessions[id] == nil {
            if let own = state.knownAudience(of: id) {
                audienceMemory[AudienceNumber(rawValue: own.wireNumber)] = nil
                state.forgetAudience(of: id)
            }
        }
        departed.removeAll()
    }

    func enterOwn(_ audience: Audience, _ slot: Int) {
        let number = AudienceNumber(rawValue: audience.wireNumber)
        guard let place = sessions[slot].audiences.placeToInsert(number) else { return }
        insert(number, at: place, slot)
    }

    /// A session came to a link, with its audiences.
    func addMember(_ member: MemberNumber, _ slot: Int, to key: LinkKey) {
        links[key]?.members[member] = slot
        for number in sessions[slot].audiences { links[key]?.audiences.enter(number) }
    }

    /// A session is no longer on a link; answers its slot.
    @discardableResult
    func removeMember(_ member: MemberNumber, from key: LinkKey) -> Int? {
        guard let slot = links[key]?.members.removeValue(forKey: member) else { return nil }
        for number in sessions[slot].audiences { links[key]?.audiences.leave(number, now: now) }
        return slot
    }

    private func insert(_ number: AudienceNumber, at place: Int, _ slot: Int) {
        sessions[slot].audiences.insert(number, at: place)
        if case .attached(let key, _) = sessions[slot].place { links[key]?.audiences.enter(number) }
        regrouped(slot)
    }

    /// Its front is told with the next mark, once. The answer to an attach says it all, and stands for it.
    private func regrouped(_ slot: Int) {
        guard !sessions[slot].isToldAudiences, case .attached(let key, let member) = sessions[slot].place else {
            return
        }
        sessions[slot].isToldAudiences = true
        links[key]?.regrouped.append(member)
    }

    private static func number(_ audience: Audience) -> AudienceNumber {
        precondition(audience != .everyone && audience != .nobody, "a session can neither enter nor leave \(audience)")
        return AudienceNumber(rawValue: audience.wireNumber)
    }
}

extension [AudienceNumber] {
    /// Where a number belongs in an ascending list; nil if it is there already.
    fileprivate func placeToInsert(_ number: AudienceNumber) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == number ? nil : low
    }
}
