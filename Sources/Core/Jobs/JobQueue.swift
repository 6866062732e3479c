/// The one queue of page jobs: which work waits, who does it, and what becomes of it.
///
/// - A key has at most one run and one entry that waits. A request during a run makes the one that waits; it begins when the run
///   has ended (*again*).
/// - The earliest deadline goes first, equal ones in the order of their requests. **No starvation**: a deadline is fixed when the
///   request is taken (or moves earlier), so nothing asked for after a job's deadline goes before it. From its deadline on, at
///   most `entryLimit` entries and the present runs are served first, each at most `attemptLimit` runs of its kind's time limit.
/// - A broader job takes in the narrower ones that wait; they end with it, and come back if it dies.
/// - An entry is in the store before its request is answered, and until its job is done or a dead letter.
///
/// The shell delivers one event, pulls directives until there are none, and arms one timer for `nextDeadline`.
package struct JobQueue: Sendable {
    /// The entries of one key.
    struct Slot: Sendable {
        var running: JobID?
        var waiting: JobID?
        var absorbed: JobID?
        var isEmpty: Bool { running == nil && waiting == nil && absorbed == nil }
    }

    /// Waiting entries below a broader key. Those that no longer wait are cleaned out when they are the most.
    struct Brood: Sendable {
        var ids: [JobID] = []
        var liveCount = 0
    }

    let catalogue: JobCatalogue
    let limits: JobLimits
    /// By kind.
    let delays: [Duration]
    var entries: [JobID: JobEntry] = [:]
    var slots: [JobPlace: Slot] = [:]
    var broods: [JobPlace: Brood] = [:]
    /// What is ready, one heap a kind; a worker may not serve all kinds.
    var ready: [JobHeap]
    var alarms = JobHeap()
    var workers: [JobWorker] = []
    var deadLetters: [DeadLetter] = []
    var numbering: JobNumbering
    var dice: Dice
    var directives: [JobDirective] = []
    var directiveIndex = 0
    var isDraining = false
    /// Entries that wait or run, and those that were absorbed.
    var liveCount = 0
    var absorbedCount = 0
    let defect: JobDefect?
    /// How many changes there have been to what is kept.
    package internal(set) var changeCount: UInt64 = 0
    package internal(set) var counters = JobCounters()

    /// - Parameters:
    ///   - term: of this reign; higher than that of any hub that wrote `snapshot`.
    ///   - snapshot: what the store held. Its keys wait for workers to say that they have them.
    package init(
        _ catalogue: JobCatalogue, limits: JobLimits = JobLimits(), term: UInt32, seed: UInt64,
        snapshot: JobSnapshot = JobSnapshot(), defect: JobDefect? = nil, now: Instant
    ) {
        self.catalogue = catalogue
        self.limits = limits
        delays = catalogue.kinds.map { $0.delay ?? limits.delays[$0.deadlineClass.rawValue] }
        self.defect = defect
        ready = Array(repeating: JobHeap(), count: catalogue.kinds.count)
        numbering = JobNumbering(term: term)
        dice = Dice(seed: seed)
        restore(snapshot, now: now)
    }

    // What is.

    /// When `timePassed` is wanted next. It may come early.
    package var nextDeadline: Instant? { alarms.first?.at }

    /// The last number given to an entry or a run.
    package var latestNumber: UInt64 { numbering.latest }

    /// Entries that wait or run.
    package var depth: Int { liveCount }

    // What happened.

    /// Whatever was due by `now` is decided.
    package mutating func timePassed(now: Instant) {
        while let alarm = alarms.first, alarm.at <= now {
            alarms.removeFirst()
            guard let entry = entries[alarm.id], entry.alarmAt == alarm.at else { continue }
            switch entry.state {
            case .resting(let until): if until <= now { makeReady(alarm.id) } else { arm(alarm.id, at: until) }
            case .held(let until): if until <= now { release(alarm.id, now: now) } else { arm(alarm.id, at: until) }
            case .running(let run):
                if run.endsAt <= now { runOut(alarm.id, run, now: now) } else { arm(alarm.id, at: run.endsAt) }
            case .ready, .behind, .absorbed: break
            }
        }
        dispatch(now: now)
    }

    // What we want.

    /// Nothing new is taken; what is there is finished.
    package mutating func drain() { isDraining = true }

    /// Requests are taken again.
    package mutating func resume() { isDraining = false }

    // What to do.

    package mutating func nextDirective() -> JobDirective? {
        guard directiveIndex < directives.count else {
            directives.removeAll(keepingCapacity: directives.count < 4096)
            directiveIndex = 0
            return nil
        }
        directiveIndex += 1
        return directives[directiveIndex - 1]
    }

    // For the other files of this type.

    func address(of place: JobPlace) -> JobAddress { JobAddress(catalogue.kinds[place.kind].name, place.key) }

    func place(of address: JobAddress) -> JobPlace? {
        catalogue.index(of: address.kind).map { JobPlace(kind: $0, key: address.key) }
    }

    mutating func store(_ change: JobChange) {
        changeCount += 1
        directives.append(.store(change))
    }

    /// Keeps the entry as it is now.
    mutating func keep(_ id: JobID) {
        guard let entry = entries[id] else { return }
        store(.put(record(of: entry)))
        entries[id]?.change = changeCount
    }

    func record(of entry: JobEntry) -> JobRecord {
        var absorber: JobID?
        if case .absorbed(let by) = entry.state { absorber = by }
        return JobRecord(
            id: entry.id, address: address(of: entry.place), deadlineClass: entry.deadlineClass,
            deadline: entry.deadline, submittedAt: entry.submittedAt, payload: entry.payload,
            minimums: entry.minimums, attemptCount: entry.attemptCount, coveredCount: entry.coveredCount,
            lastError: entry.lastError, absorbedBy: absorber, fence: entry.fence)
    }

    mutating func arm(_ id: JobID, at: Instant) {
        entries[id]?.alarmAt = at
        alarms.push(.init(at: at, id: id, stamp: 0))
        guard alarms.count > 64 + 2 * entries.count else { return }
        let entries = entries
        alarms.compact { entries[$0.id]?.alarmAt == $0.at }
    }

    /// The entry waits for a worker, in the heap of its kind.
    mutating func makeReady(_ id: JobID) {
        guard var entry = entries[id] else { return }
        entry.state = .ready
        entry.stamp &+= 1
        entries[id] = entry
        ready[entry.place.kind].push(.init(at: entry.deadline, id: id, stamp: entry.stamp))
        if ready[entry.place.kind].count > 64 + 2 * liveCount { compactHeap(entry.place.kind) }
    }

    private mutating func compactHeap(_ kind: Int) {
        let entries = entries
        ready[kind].compact { item in
            guard let entry = entries[item.id], case .ready = entry.state else { return false }
            return entry.stamp == item.stamp
        }
    }
}
