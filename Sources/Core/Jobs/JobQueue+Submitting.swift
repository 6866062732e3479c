extension JobQueue {
    /// A request from a node. The answer holds from `receipt.change` on.
    package mutating func submit(_ request: JobRequest, now: Instant) -> JobReceipt {
        let after = numbering.latest
        do throws(JobRejection) {
            guard let kind = catalogue.index(of: request.address.kind) else { throw .unknownKind }
            let place = JobPlace(kind: kind, key: request.address.key)
            let slot = slots[place]
            if let (id, change) = mergedAtOnce(request, into: slot?.waiting, kind, now: now) {
                return JobReceipt(answer: .merged(into: id), change: change, after: after)
            }
            try admit(request, at: place, isKnown: slot != nil)
            let (answer, id) = try take(request, at: place, into: slot?.waiting, now: now)
            if case .queued = answer { dispatch(now: now) }
            let change = entries.place(of: id).map { entries[at: $0].change }
            return JobReceipt(answer: answer, change: change ?? changeCount, after: after)
        } catch {
            counters.reject(error)
            return JobReceipt(answer: .rejected(error), change: 0, after: after)
        }
    }

    /// Whether an entry of this very key waits that a request would be merged into.
    package func isWaiting(_ address: JobAddress) -> Bool {
        place(of: address).flatMap { slots[$0]?.waiting } != nil
    }

    /// The run of this key that has seen what the request names, if there is one: its page is what the request would build. With
    /// the change that has to be on disk before that is said.
    package mutating func run(for request: JobRequest) -> (JobID, UInt64)? {
        guard let id = place(of: request.address).flatMap({ slots[$0]?.running }), let entry = entries[id],
            request.minimums.allSatisfy({ wish in
                entry.minimums.contains {
                    $0.channel == wish.channel && $0.lineage == wish.lineage && $0.version >= wish.version
                }
            })
        else { return nil }
        counters.merged += 1
        return (id, entry.change)
    }

    /// By far the most requests under load: the same key waits already, and nothing about it changes. No copies, no disk.
    @inline(__always)
    private mutating func mergedAtOnce(
        _ request: JobRequest, into waiting: JobID?, _ kind: Int, now: Instant
    ) -> (JobID, UInt64)? {
        guard let id = waiting, !isDraining, request.payload.isEmpty, request.minimums.isEmpty,
            let place = entries.place(of: id),
            entries[at: place].deadline <= spans.deadline(kind, request.deadlineClass, from: now)
        else { return nil }
        counters.merged += 1
        return (id, entries[at: place].change)
    }

    /// A request that was refused before it came here is counted with the others.
    mutating func refuse(_ reason: JobRejection) { counters.reject(reason) }

    private func admit(_ request: JobRequest, at place: JobPlace, isKnown: Bool) throws(JobRejection) {
        guard isKnown || catalogue.kinds[place.kind].shape.matches(place.key) else { throw .keyOutsideShape }
        guard request.payload.count <= limits.payloadBytes else { throw .payloadTooLarge }
        guard request.minimums.count <= limits.minimumLimit else { throw .tooManyMinimums }
        guard !isDraining else { throw .draining }
    }

    /// The class's deadline for a request at `now`, never sooner than zero.
    private func deadline(_ place: JobPlace, _ wish: DeadlineClass?, now: Instant) -> (DeadlineClass, Instant) {
        (wish ?? catalogue.kinds[place.kind].deadlineClass, spans.deadline(place.kind, wish, from: now))
    }

    private mutating func take(
        _ request: JobRequest, at place: JobPlace, into waiting: JobID?, now: Instant
    ) throws(JobRejection) -> (JobAnswer, JobID) {
        let (chosen, due) = deadline(place, request.deadlineClass, now: now)
        if let id = waiting {
            merge(request, into: id, deadline: due)
            counters.merged += 1
            return (.merged(into: id), id)
        }
        let above = catalogue.broader(than: place)
        for broader in above {
            guard let id = slots[broader]?.waiting else { continue }
            cover(request, at: place, by: id, chosen, deadline: due, now: now)
            counters.merged += 1
            return (.merged(into: id), id)
        }
        if liveCount >= limits.entryLimit { return try mergeUpward(request, above, deadline: due, now: now) }
        let id = add(place, chosen, deadline: due, request.payload, request.minimums, now: now)
        counters.queued += 1
        return (.queued(id), id)
    }

    /// A new entry that waits, with everything narrower that waits taken in.
    private mutating func add(
        _ place: JobPlace, _ chosen: DeadlineClass, deadline: Instant, _ payload: [UInt8], _ minimums: [JobMinimum],
        now: Instant
    ) -> JobID {
        let id = JobID(rawValue: numbering.next())
        let entry = JobEntry(
            id: id, place: place, deadlineClass: chosen, state: .behind, deadline: deadline, submittedAt: now,
            payload: payload, minimums: minimums)
        entries.insert(entry, id)
        liveCount += 1
        let slot = openSlot(place)
        slots[at: slot].waiting = id
        enterBroods(id, place)
        absorbNarrower(into: id, place)
        keep(id)
        if slots[at: slot].running == nil { makeReady(id) }
        return id
    }

    private mutating func merge(_ request: JobRequest, into id: JobID, deadline: Instant) {
        guard var entry = entries[id] else { return }
        let old = entry.deadline
        guard
            entry.merge(
                deadline: deadline, payload: request.payload, minimums: request.minimums, limit: limits.minimumLimit)
        else { return }
        entries[id] = entry
        if entry.deadline < old, case .ready = entry.state { makeReady(id) }
        keep(id)
    }

    /// A request for `place` while the broader `id` waits: it ends with that one and comes back if that dies.
    private mutating func cover(
        _ request: JobRequest, at place: JobPlace, by id: JobID, _ chosen: DeadlineClass, deadline: Instant,
        now: Instant
    ) {
        merge(JobRequest(request.address, minimums: request.minimums), into: id, deadline: deadline)
        if let held = slots[place]?.absorbed, isHeld(held, under: id) {
            guard var entry = entries[held] else { return }
            if entry.merge(
                deadline: deadline, payload: request.payload, minimums: request.minimums, limit: limits.minimumLimit)
            {
                entries[held] = entry
                keep(held)
                entries[id]?.change = changeCount
            }
            return
        }
        guard absorbedCount < limits.absorbedLimit else {
            entries[id]?.coveredCount += 1
            keep(id)
            return
        }
        let narrow = JobID(rawValue: numbering.next())
        entries[narrow] = JobEntry(
            id: narrow, place: place, deadlineClass: chosen, state: .behind, deadline: deadline, submittedAt: now,
            payload: request.payload, minimums: request.minimums)
        attach(narrow, to: id)
        keep(narrow)
        entries[id]?.change = changeCount
    }

    /// Whether the chain of absorbers from `id` leads to `absorber`.
    private func isHeld(_ id: JobID, under absorber: JobID) -> Bool {
        var here = id
        while let entry = entries[here], case .absorbed(let by) = entry.state {
            if by == absorber { return true }
            here = by
        }
        return false
    }

    /// At the cap: the nearest broader work below which something waits takes all of that in, and the request.
    private mutating func mergeUpward(
        _ request: JobRequest, _ above: [JobPlace], deadline due: Instant, now: Instant
    ) throws(JobRejection) -> (JobAnswer, JobID) {
        guard let broader = above.first(where: { (broods[$0]?.liveCount ?? 0) > 0 }) else { throw .full }
        let (chosen, own) = deadline(broader, nil, now: now)
        let id = add(broader, chosen, deadline: min(due, own), [], request.minimums, now: now)
        if let place = place(of: request.address) {
            let (narrow, _) = deadline(place, request.deadlineClass, now: now)
            cover(request, at: place, by: id, narrow, deadline: due, now: now)
        }
        dispatch(now: now)
        counters.mergedUpward += 1
        return (.merged(into: id), id)
    }
}
