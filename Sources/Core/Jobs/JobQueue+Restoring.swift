extension JobQueue {
    /// Takes over what the store held. Each key is held back, because a worker may still build it.
    mutating func restore(_ snapshot: JobSnapshot, now: Instant) {
        deadLetters = snapshot.deadLetters
        let until = now + limits.holdAfterRestart
        var kept: [JobID] = []
        for record in snapshot.records.sorted(by: { $0.id < $1.id }) {
            // A kind that is no longer declared stays in the store, for the application that declares it again.
            guard let place = place(of: record.address) else { continue }
            let latest = now + (catalogue.kinds[place.kind].delay ?? limits.delays[record.deadlineClass.rawValue])
            entries[record.id] = JobEntry(
                id: record.id, place: place, deadlineClass: record.deadlineClass, state: .held(until: until),
                deadline: min(record.deadline, latest), submittedAt: min(record.submittedAt, now),
                payload: record.payload, minimums: record.minimums, attemptCount: record.attemptCount,
                lastError: record.lastError, fence: record.fence, coveredCount: record.coveredCount)
            kept.append(record.id)
        }
        for record in snapshot.records.sorted(by: { $0.id < $1.id }) where entries[record.id] != nil {
            if let absorber = record.absorbedBy, entries[absorber] != nil {
                attach(record.id, to: absorber)
            } else {
                hold(record.id, until: until)
            }
        }
    }

    private mutating func hold(_ id: JobID, until: Instant) {
        guard let place = entries[id]?.place else { return }
        if slots[place]?.running == nil {
            // The oldest of a key is the one that may run.
            slots[at: openSlot(place)].running = id
            liveCount += 1
            arm(id, at: until)
        } else if let waiting = slots[place]?.waiting {
            entries[id]?.state = .behind
            fold(id, into: waiting)
        } else {
            entries[id]?.state = .behind
            wait(id)
        }
    }

    /// No worker said that it has the entry: it waits as any other, or becomes part of the one that waits already.
    mutating func release(_ id: JobID, now: Instant) {
        guard let entry = entries[id] else { return }
        slots[entry.place]?.running = nil
        liveCount -= 1
        if let waiting = slots[entry.place]?.waiting {
            entries[waiting]?.attemptCount = entry.attemptCount
            fold(id, into: waiting)
            if case .behind = entries[waiting]?.state { makeReady(waiting) }
        } else {
            entries[id]?.state = .behind
            entries[id]?.fence = JobToken(rawValue: numbering.latest)
            wait(id)
            keep(id)
        }
    }
}
