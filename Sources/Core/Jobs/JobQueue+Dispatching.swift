extension JobQueue {
    /// Gives out what is ready while workers have credit: the earliest deadline that anybody with credit can serve.
    mutating func dispatch(now: Instant) {
        while let item = nextReady(), let place = entries.place(of: item.id) {
            let kind = entries[at: place].place.kind
            guard let worker = worker(for: kind, not: entries[at: place].lastWorker) else { return }
            ready[kind].removeFirst()
            lease(item.id, at: place, to: worker, now: now)
        }
    }

    /// The entry with the earliest deadline among the kinds that a worker with credit serves.
    private mutating func nextReady() -> JobHeap.Item? {
        var wanted: UInt64 = 0
        for place in workers.indices where workers[place].credit > 0 { wanted |= workers[place].kinds }
        var best: JobHeap.Item?
        while wanted != 0 {
            let kind = wanted.trailingZeroBitCount
            wanted &= wanted &- 1
            guard let item = firstCurrent(kind) else { continue }
            if let held = best, !(item < held) { continue }
            best = item
        }
        return best
    }

    private mutating func firstCurrent(_ kind: Int) -> JobHeap.Item? {
        while let item = ready[kind].first {
            if isCurrent(item) { return item }
            ready[kind].removeFirst()
        }
        return nil
    }

    /// Most credit first, equals in turn; the worker of a failed run, `last`, only if there is no other.
    private func worker(for kind: Int, not last: String?) -> Int? {
        var best: Int?
        for place in workers.indices where workers[place].credit > 0 && workers[place].kinds & (1 << kind) != 0 {
            guard let held = best else {
                best = place
                continue
            }
            if let last {
                let (isSame, wasSame) = (workers[place].name == last, workers[held].name == last)
                guard isSame == wasSame else {
                    if wasSame { best = place }
                    continue
                }
            }
            let (credit, turn) = (workers[place].credit, workers[place].lastLease)
            if (workers[held].credit, turn) < (credit, workers[held].lastLease) { best = place }
        }
        return best
    }

    private mutating func lease(_ id: JobID, at place: Int, to worker: Int, now: Instant) {
        let key = entries[at: place].place
        let name = workers[worker].name
        let token = JobToken(rawValue: numbering.next())
        let run = JobEntry.Run(
            token: token, worker: name, startedAt: now, leaseUntil: spans.leaseEnd(from: now),
            limitAt: spans.limit(key.kind, from: now))
        entries[at: place].begin(run)
        if let slot = slots.index(of: key) {
            slots[at: slot].waiting = nil
            if defect != .flagClearedAtDispatch { slots[at: slot].running = id }
        }
        leaveBroods(key)
        arm(id, at: run.endsAt)
        workers[worker].credit -= 1
        workers[worker].lastLease = token.rawValue
        counters.leased += 1
        counters.wait.record(from: entries[at: place].submittedAt, to: now)
        let lease = JobLease(
            id: id, token: token, address: address(of: key), payload: entries[at: place].payload,
            minimums: entries[at: place].minimums, attempt: entries[at: place].attemptCount,
            timeLimit: catalogue.kinds[key.kind].timeLimit,
            change: entries[at: place].change)
        directives.append(.lease(workers[worker].id, lease))
    }
}
