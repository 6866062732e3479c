extension JobQueue {
    // What happened.

    /// A worker's line is open: which kinds it serves, how many jobs at a time, and which runs it has already.
    package mutating func workerCame(
        _ id: JobWorkerID, name: String, kinds: [String], slotCount: Int, holding: [JobHolding], now: Instant
    ) {
        workers.removeAll { $0.id == id || $0.name == name }
        let places = kinds.compactMap(catalogue.index(of:)).reduce(UInt64(0)) { $0 | 1 << $1 }
        let slotCount = min(max(1, slotCount), JobLimits.slotLimit)
        workers.append(
            JobWorker(
                id: id, name: name, kinds: places, slotCount: slotCount, credit: max(0, slotCount - holding.count)))
        for run in holding { adopt(run, by: name, on: id, now: now) }
        // What it was given and does not have was lost on the way.
        for lost in runs(of: name) where !holding.contains(where: { $0.id == lost }) {
            runFailed(lost, "\(name) lost it", now: now)
        }
        dispatch(now: now)
    }

    /// A worker's line is gone. It may come back with its runs; their leases go on until they end.
    package mutating func workerLost(_ id: JobWorkerID) { workers.removeAll { $0.id == id } }

    /// The worker of that name is gone for certain: its runs are over.
    package mutating func workerEnded(_ name: String, reason: String, now: Instant) {
        workers.removeAll { $0.name == name }
        for id in runs(of: name) { runFailed(id, reason, now: now) }
        dispatch(now: now)
    }

    /// The worker still has these runs. Those that are not its own any more are revoked.
    package mutating func beat(_ worker: JobWorkerID, _ holding: [JobHolding], now: Instant) {
        for held in holding {
            guard var run = run(held) else {
                directives.append(.revoke(worker, held.token))
                continue
            }
            run.leaseUntil = spans.leaseEnd(from: now)
            entries[held.id]?.state = .running(run)
        }
    }

    /// A run succeeded. Its pages and its end are one change. Answers whether the result was taken.
    @discardableResult
    package mutating func done(_ worker: JobWorkerID, _ held: JobHolding, pages: [JobPage], now: Instant) -> Bool {
        freeSlot(of: worker)
        defer { dispatch(now: now) }
        guard let run = run(held), let place = entries.place(of: held.id).map({ entries[at: $0].place }) else {
            counters.lateResults += 1
            return false
        }
        counters.done += 1
        counters.run.record(from: run.startedAt, to: now)
        if !pages.isEmpty { store(.pages(pages)) }
        if !deadLetters.isEmpty { exhume(address(of: place)) }
        endRun(of: held.id, at: place)
        complete(held.id)
        finish(place, run.token, .done)
        return true
    }

    /// A run failed, in the worker's words. Answers whether it was current.
    @discardableResult
    package mutating func failed(_ worker: JobWorkerID, _ held: JobHolding, reason: String, now: Instant) -> Bool {
        freeSlot(of: worker)
        defer { dispatch(now: now) }
        guard run(held) != nil else {
            counters.lateResults += 1
            return false
        }
        runFailed(held.id, reason, now: now)
        return true
    }

    // For the other files of this type.

    /// The run that a worker speaks of, if it is the entry's present one.
    private func run(_ held: JobHolding) -> JobEntry.Run? {
        guard let place = entries.place(of: held.id), case .running(let run) = entries[at: place].state else {
            return nil
        }
        return run.token == held.token || defect == .lateResultTaken ? run : nil
    }

    private func runs(of worker: String) -> [JobID] {
        entries.values.compactMap { entry -> JobID? in
            guard case .running(let run) = entry.state, run.worker == worker else { return nil }
            return entry.id
        }.sorted()
    }

    /// A lease never reached its worker.
    mutating func returnSlot(_ worker: JobWorkerID) { freeSlot(of: worker) }

    private mutating func freeSlot(of worker: JobWorkerID) {
        for place in workers.indices where workers[place].id == worker {
            workers[place].credit = min(workers[place].credit + 1, workers[place].slotCount)
        }
    }

    /// A worker has a run from before its line, or the hub, was away.
    private mutating func adopt(_ held: JobHolding, by name: String, on worker: JobWorkerID, now: Instant) {
        if var run = run(held) {
            run.leaseUntil = spans.leaseEnd(from: now)
            run.worker = name
            entries[held.id]?.state = .running(run)
            return
        }
        guard let entry = entries[held.id], case .held = entry.state, held.token > entry.fence else {
            directives.append(.revoke(worker, held.token))
            return
        }
        let run = JobEntry.Run(
            token: held.token, worker: name, startedAt: now, leaseUntil: spans.leaseEnd(from: now),
            limitAt: spans.limit(entry.place.kind, from: now))
        entries[held.id]?.state = .running(run)
        entries[held.id]?.attemptCount = max(1, entry.attemptCount)
        entries[held.id]?.lastWorker = name
        arm(held.id, at: run.endsAt)
    }

    /// A lease or a time limit is over.
    mutating func runOut(_ id: JobID, _ run: JobEntry.Run, now: Instant) {
        if let worker = workers.first(where: { $0.name == run.worker }) {
            directives.append(.revoke(worker.id, run.token))
        }
        if run.limitAt <= now {
            counters.timedOut += 1
            runFailed(id, "the run took longer than its kind may take", now: now)
        } else {
            counters.leasesExpired += 1
            runFailed(id, "nothing was heard from \(run.worker)", now: now)
        }
    }

    /// The key is free, and what waited behind the run is ready.
    private mutating func endRun(of id: JobID, at place: JobPlace) {
        guard let slot = slots.index(of: place), slots[at: slot].running == id else {
            if defect == .flagClearedAtDispatch { liveCount -= 1 }
            return
        }
        slots[at: slot].running = nil
        liveCount -= 1
        if let waiting = slots[at: slot].waiting, case .behind = entries[waiting]?.state { makeReady(waiting) }
    }

    /// A run ended without a result: again later, or never.
    private mutating func runFailed(_ id: JobID, _ reason: String, now: Instant) {
        guard var entry = entries[id], case .running(let run) = entry.state else { return }
        counters.run.record(from: run.startedAt, to: now)
        entry.fence = run.token
        entry.lastError = String(decoding: reason.utf8.prefix(JobLimits.errorBytes), as: UTF8.self)
        entries[id] = entry
        endRun(of: id, at: entry.place)
        guard entry.attemptCount < limits.attemptLimit else { return die(id, run, now: now) }
        counters.retried += 1
        let rest = now + backoff(after: entry.attemptCount)
        if let waiting = slots[entry.place]?.waiting {
            // The request that came meanwhile becomes the next try, as often and as soon as this one might.
            entries[waiting]?.attemptCount = entry.attemptCount
            entries[waiting]?.lastError = entry.lastError
            entries[waiting]?.lastWorker = entry.lastWorker
            entries[waiting]?.state = .resting(until: rest)
            arm(waiting, at: rest)
            fold(id, into: waiting)
        } else {
            entries[id]?.state = .resting(until: rest)
            slots[at: openSlot(entry.place)].waiting = id
            liveCount += 1
            enterBroods(id, entry.place)
            arm(id, at: rest)
            keep(id)
        }
    }

    private mutating func die(_ id: JobID, _ run: JobEntry.Run, now: Instant) {
        guard let entry = entries[id] else { return }
        counters.dead += 1
        bury(DeadLetter(record: record(of: entry), diedAt: now))
        let children = entry.absorbed
        entries[id]?.absorbed = []
        forget(id)
        bringBack(children, now: now)
        finish(entry.place, run.token, .dead(error: entry.lastError ?? ""))
    }

    mutating func finish(_ place: JobPlace, _ token: JobToken, _ outcome: JobEnding.Outcome) {
        directives.append(
            .ended(JobEnding(address: address(of: place), token: token, outcome: outcome, change: changeCount)))
    }

    /// The address has no dead letter any more.
    private mutating func exhume(_ address: JobAddress) {
        guard let letter = deadLetters.firstIndex(where: { $0.record.address == address }) else { return }
        deadLetters.remove(at: letter)
        store(.unbury(address))
    }

    mutating func bury(_ letter: DeadLetter) {
        deadLetters.removeAll { $0.record.address == letter.record.address }
        deadLetters.append(letter)
        store(.bury(letter))
        while deadLetters.count > limits.deadLetterLimit {
            store(.unbury(deadLetters.removeFirst().record.address))
            counters.deadLettersForgotten += 1
        }
    }

    /// 1 s, doubled after each try up to 60 s, times 0.75 to 1.25, at most 60 s.
    private mutating func backoff(after attempts: Int) -> Duration {
        var wait = limits.backoffFirst
        for _ in 1..<max(1, attempts) where wait < limits.backoffLimit { wait *= 2 }
        return min(wait * Double.random(in: 0.75..<1.25, using: &dice), limits.backoffLimit)
    }
}
