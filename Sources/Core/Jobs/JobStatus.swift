extension JobQueue {
    /// One line of `hub jobs list`.
    package struct Line: Sendable, Equatable {
        package var record: JobRecord
        /// `ready`, `again`, `resting`, `held`, `running`, `absorbed` or `dead`.
        package var state: String
        /// Who runs it.
        package var worker: String?
        /// How long it has been in the queue.
        package var age: Duration
    }

    /// Up to `limit` entries in the order of their deadlines, then dead letters.
    package func lines(limit: Int, now: Instant) -> [Line] {
        let order = entries.values.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
        let own = order.prefix(limit).map { line(of: $0, now: now) }
        let dead = deadLetters.prefix(limit - own.count).map {
            Line(record: $0.record, state: "dead", worker: nil, age: now.since($0.record.submittedAt))
        }
        return own + dead
    }

    /// The entries of one address, and its dead letter.
    package func lines(of address: JobAddress, now: Instant) -> [Line] {
        let slot = place(of: address).flatMap { slots[$0] }
        let own = [slot?.running, slot?.waiting, slot?.absorbed].compactMap { $0 }.compactMap { entries[$0] }
        return own.map { line(of: $0, now: now) }
            + deadLetters.filter { $0.record.address == address }.map {
                Line(record: $0.record, state: "dead", worker: nil, age: now.since($0.record.submittedAt))
            }
    }

    /// How many entries wait, by class, then how many run, are absorbed, and are dead letters.
    package var depths: JobDepths {
        var depths = JobDepths()
        for entry in entries.values {
            switch entry.state {
            case .ready, .behind, .resting, .held: depths.waiting[entry.deadlineClass.rawValue] += 1
            case .running: depths.running += 1
            case .absorbed: depths.absorbed += 1
            }
        }
        depths.dead = deadLetters.count
        depths.workers = workers.count
        depths.slots = workers.reduce(0) { $0 + $1.slotCount }
        return depths
    }

    private func line(of entry: JobEntry, now: Instant) -> Line {
        var line = Line(record: record(of: entry), state: "ready", worker: nil, age: now.since(entry.submittedAt))
        switch entry.state {
        case .ready: break
        case .behind: line.state = "again"
        case .resting: line.state = "resting"
        case .held: line.state = "held"
        case .absorbed: line.state = "absorbed"
        case .running(let run):
            line.state = "running"
            line.worker = run.worker
        }
        return line
    }
}

/// How full the queue is.
package struct JobDepths: Sendable, Equatable {
    /// By class, in the order of `DeadlineClass`.
    package var waiting = [Int](repeating: 0, count: DeadlineClass.allCases.count)
    package var running = 0
    package var absorbed = 0
    package var dead = 0
    package var workers = 0
    package var slots = 0

    package init() {}
}
