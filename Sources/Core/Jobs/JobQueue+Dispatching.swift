extension JobQueue {
    /// Gives out what is ready while workers have credit: the earliest deadline that anybody with credit can serve.
    mutating func dispatch(now: Instant) {
        while let id = nextReady() {
            guard let entry = entries[id], let worker = worker(for: entry) else { return }
            ready[entry.place.kind].removeFirst()
            lease(entry, to: worker, now: now)
        }
    }

    /// The entry with the earliest deadline among the kinds that a worker with credit serves.
    private mutating func nextReady() -> JobID? {
        var best: JobHeap.Item?
        for kind in ready.indices where workers.contains(where: { $0.credit > 0 && $0.kinds.contains(kind) }) {
            guard let item = firstCurrent(kind) else { continue }
            if let held = best, !(item < held) { continue }
            best = item
        }
        return best?.id
    }

    private mutating func firstCurrent(_ kind: Int) -> JobHeap.Item? {
        while let item = ready[kind].first {
            if let entry = entries[item.id], case .ready = entry.state, entry.stamp == item.stamp { return item }
            ready[kind].removeFirst()
        }
        return nil
    }

    /// Most credit first, equals in turn; the worker of a failed run only if there is no other.
    private func worker(for entry: JobEntry) -> Int? {
        var best: Int?
        for (place, worker) in workers.enumerated() where worker.credit > 0 && worker.kinds.contains(entry.place.kind) {
            guard let held = best else {
                best = place
                continue
            }
            let other = workers[held]
            let (isSame, wasSame) = (worker.name == entry.lastWorker, other.name == entry.lastWorker)
            if isSame != wasSame {
                if wasSame { best = place }
            } else if (other.credit, worker.lastLease) < (worker.credit, other.lastLease) {
                best = place
            }
        }
        return best
    }

    private mutating func lease(_ entry: JobEntry, to worker: Int, now: Instant) {
        let kind = catalogue.kinds[entry.place.kind]
        let token = JobToken(rawValue: numbering.next())
        let run = JobEntry.Run(
            token: token, worker: workers[worker].name, startedAt: now, leaseUntil: now + limits.lease,
            limitAt: now + kind.timeLimit)
        var leased = entry
        leased.state = .running(run)
        leased.stamp &+= 1
        leased.attemptCount += 1
        leased.lastWorker = workers[worker].name
        entries[entry.id] = leased
        slots[entry.place]?.waiting = nil
        leaveBroods(entry.place)
        if defect != .flagClearedAtDispatch { slots[entry.place]?.running = entry.id }
        arm(entry.id, at: run.endsAt)
        workers[worker].credit -= 1
        workers[worker].lastLease = token.rawValue
        counters.leased += 1
        counters.wait.record(now.since(entry.submittedAt))
        directives.append(
            .lease(
                workers[worker].id,
                JobLease(
                    id: entry.id, token: token, address: address(of: entry.place), payload: entry.payload,
                    minimums: entry.minimums, attempt: leased.attemptCount, timeLimit: kind.timeLimit,
                    change: entry.change)))
    }
}
