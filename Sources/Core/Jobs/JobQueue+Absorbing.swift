extension JobQueue {
    /// A waiting entry is known to every broader key, so that a broader request finds it.
    mutating func enterBroods(_ id: JobID, _ place: JobPlace) {
        for broader in catalogue.broader(than: place) {
            let brood = broods.index(of: broader) ?? broods.insert(Brood(), broader)
            if broods[at: brood].isMostlyGone {
                let ids = broods[at: brood].ids.filter(isWaiting)
                broods[at: brood].ids = ids
            }
            broods[at: brood].ids.append(id)
            broods[at: brood].liveCount += 1
        }
    }

    /// The entry waits no longer: it runs, was absorbed or is gone.
    mutating func leaveBroods(_ place: JobPlace) {
        for broader in catalogue.broader(than: place) {
            guard let brood = broods.index(of: broader) else { continue }
            broods[at: brood].liveCount -= 1
            if broods[at: brood].liveCount <= 0 { broods[broader] = nil }
        }
    }

    func isWaiting(_ id: JobID) -> Bool {
        guard let entry = entries[id] else { return false }
        switch entry.state {
        case .ready, .behind, .resting: return slots[entry.place]?.waiting == id
        case .held, .running, .absorbed: return false
        }
    }

    /// Everything narrower that waits is taken in, and the earliest deadline is kept.
    mutating func absorbNarrower(into id: JobID, _ place: JobPlace) {
        guard let brood = broods[place] else { return }
        for narrow in brood.ids where isWaiting(narrow) {
            guard let entry = entries[narrow], narrow != id else { continue }
            _ = entries[id]?.merge(
                deadline: entry.deadline, payload: [], minimums: entry.minimums, limit: limits.minimumLimit)
            stopWaiting(narrow)
            counters.absorbed += 1
            if absorbedCount < limits.absorbedLimit {
                attach(narrow, to: id)
                keep(narrow)
            } else {
                // What this one stood for, and itself.
                let (covered, under) = (entry.coveredCount + 1, entry.absorbed)
                entries[id]?.coveredCount += covered
                for child in under { move(child, to: id) }
                forget(narrow)
            }
        }
    }

    /// Takes a waiting entry out of its slot and broods. It still exists.
    mutating func stopWaiting(_ id: JobID) {
        guard let entry = entries[id], slots[entry.place]?.waiting == id else { return }
        slots[entry.place]?.waiting = nil
        liveCount -= 1
        leaveBroods(entry.place)
    }

    /// `id`, which is in no slot, is absorbed by `absorber`. An older absorbed entry of its key goes: this one covers it.
    mutating func attach(_ id: JobID, to absorber: JobID) {
        guard let place = entries[id]?.place else { return }
        if let old = slots[place]?.absorbed, old != id { replaceAbsorbed(old, by: id) }
        entries[id]?.state = .absorbed(by: absorber)
        entries[absorber]?.absorbed.append(id)
        slots[at: openSlot(place)].absorbed = id
        absorbedCount += 1
    }

    /// An older absorbed entry is part of a newer one for the same key, which ends after it.
    private mutating func replaceAbsorbed(_ old: JobID, by id: JobID) {
        guard let entry = entries[old], case .absorbed(let by) = entry.state else { return }
        entries[by]?.absorbed.removeAll { $0 == old }
        for child in entry.absorbed { move(child, to: id) }
        _ = entries[id]?.raise(entry.minimums, limit: limits.minimumLimit)
        if let place = entries[id]?.place { slots[place]?.absorbed = nil }
        absorbedCount -= 1
        forget(old)
    }

    /// An absorbed entry changes its absorber.
    mutating func move(_ id: JobID, to absorber: JobID) {
        guard entries[id] != nil else { return }
        entries[id]?.state = .absorbed(by: absorber)
        entries[absorber]?.absorbed.append(id)
        keep(id)
    }

    /// The entry and all it took in are done.
    mutating func complete(_ id: JobID) {
        guard let children = entries.place(of: id).map({ entries[at: $0].absorbed }) else { return }
        for child in children {
            if let place = entries[child]?.place, slots[place]?.absorbed == child { slots[place]?.absorbed = nil }
            absorbedCount -= 1
            complete(child)
        }
        forget(id)
    }

    /// The entry died: what it took in waits again, under its old deadlines.
    mutating func bringBack(_ children: [JobID], now: Instant) {
        for child in children {
            guard let entry = entries[child] else { continue }
            if slots[entry.place]?.absorbed == child { slots[entry.place]?.absorbed = nil }
            absorbedCount -= 1
            guard defect != .absorbedLostWithAbsorber else {
                forget(child)
                continue
            }
            counters.cameBack += 1
            comeBack(child, entry)
        }
    }

    private mutating func comeBack(_ id: JobID, _ entry: JobEntry) {
        if let waiting = slots[entry.place]?.waiting {
            fold(id, into: waiting)
            return
        }
        for broader in catalogue.broader(than: entry.place) {
            guard let absorber = slots[broader]?.waiting else { continue }
            _ = entries[absorber]?.merge(
                deadline: entry.deadline, payload: [], minimums: entry.minimums, limit: limits.minimumLimit)
            if case .ready = entries[absorber]?.state { makeReady(absorber) }
            attach(id, to: absorber)
            keep(id)
            keep(absorber)
            return
        }
        entries[id]?.state = .behind
        wait(id)
        keep(id)
    }

    /// An entry without a slot waits in that of its key, which has none that waits.
    mutating func wait(_ id: JobID) {
        guard let place = entries[id]?.place else { return }
        slots[at: openSlot(place)].waiting = id
        liveCount += 1
        enterBroods(id, place)
        if slots[place]?.running == nil { makeReady(id) }
    }

    /// One entry becomes part of another of the same key, which waits.
    mutating func fold(_ id: JobID, into waiting: JobID) {
        guard let entry = entries[id], var other = entries[waiting] else { return }
        let payload = other.payload.isEmpty ? entry.payload : []
        _ = other.merge(
            deadline: entry.deadline, payload: payload, minimums: [], limit: limits.minimumLimit)
        let later = other.minimums
        other.minimums = entry.minimums
        _ = other.raise(later, limit: limits.minimumLimit)
        other.coveredCount += entry.coveredCount
        entries[waiting] = other
        if case .ready = other.state { makeReady(waiting) }
        for child in entry.absorbed { move(child, to: waiting) }
        forget(id)
        keep(waiting)
    }

    /// The entry is gone, here and in the store. It is in no slot any more.
    mutating func forget(_ id: JobID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        store(.remove(id))
        tidy(entry.place)
    }

    /// Where the key's slot is, new or not.
    mutating func openSlot(_ place: JobPlace) -> Int { slots.index(of: place) ?? slots.insert(Slot(), place) }

    mutating func tidy(_ place: JobPlace) {
        if let slot = slots.index(of: place), slots[at: slot].isEmpty { slots[place] = nil }
    }
}
