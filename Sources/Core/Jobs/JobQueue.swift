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
        var isMostlyGone: Bool { ids.count >= 16 && ids.count > 2 * liveCount }
    }

    let catalogue: JobCatalogue
    let limits: JobLimits
    let spans: JobSpans
    var entries = NumberTable<JobID, JobEntry>()
    var slots = JobPlaceTable<Slot>()
    var broods = JobPlaceTable<Brood>()
    /// What is ready, one heap a kind; a worker may not serve all kinds.
    var ready: [JobHeap]
    var alarms = JobHeap()
    var workers: [JobWorker] = []
    var deadLetters: [DeadLetter] = []
    var numbering: JobNumbering
    var dice: Dice
    var changes: [JobChange] = []
    var directives: [JobDirective?] = []
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
        spans = JobSpans(catalogue, limits)
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
            guard directiveIndex > 0 else { return nil }
            directives.removeAll(keepingCapacity: directives.count < 4096)
            directiveIndex = 0
            return nil
        }
        directiveIndex += 1
        return directives[directiveIndex - 1].take()
    }

    /// What has to be kept since this was asked last, in its order; the last of it is the change numbered `changeCount`.
    package mutating func takeChanges() -> [JobChange] {
        guard !changes.isEmpty else { return [] }
        var taken: [JobChange] = []
        taken.reserveCapacity(changes.count)
        swap(&taken, &changes)
        return taken
    }

    // For the other files of this type.

    func address(of place: JobPlace) -> JobAddress { JobAddress(catalogue.kinds[place.kind].name, place.key) }

    func place(of address: JobAddress) -> JobPlace? {
        catalogue.index(of: address.kind).map { JobPlace(kind: $0, key: address.key) }
    }

    mutating func store(_ change: JobChange) {
        changeCount += 1
        changes.append(change)
    }

    /// Keeps the entry as it is now.
    mutating func keep(_ id: JobID) {
        guard let place = entries.place(of: id) else { return }
        store(.put(record(of: entries[at: place])))
        entries[at: place].change = changeCount
    }

    @inline(__always) func record(of entry: JobEntry) -> JobRecord {
        var absorber: JobID?
        if case .absorbed(let by) = entry.state { absorber = by }
        return JobRecord(
            id: entry.id, address: address(of: entry.place), deadlineClass: entry.deadlineClass,
            deadline: entry.deadline, submittedAt: entry.submittedAt, payload: entry.payload,
            minimums: entry.minimums, attemptCount: entry.attemptCount, coveredCount: entry.coveredCount,
            lastError: entry.lastError, absorbedBy: absorber, fence: entry.fence)
    }

    mutating func arm(_ id: JobID, at: Instant) {
        guard let place = entries.place(of: id) else { return }
        entries[at: place].alarmAt = at
        alarms.push(.init(at: at, id: id, stamp: 0))
        guard alarms.count > 64 + 2 * entries.count else { return }
        let entries = entries
        alarms.compact { alarm in
            guard let place = entries.place(of: alarm.id) else { return false }
            return entries[at: place].alarmAt == alarm.at
        }
    }

    /// The entry waits for a worker, in the heap of its kind.
    mutating func makeReady(_ id: JobID) {
        guard let place = entries.place(of: id) else { return }
        entries[at: place].state = .ready
        entries[at: place].stamp &+= 1
        let (kind, deadline) = (entries[at: place].place.kind, entries[at: place].deadline)
        ready[kind].push(.init(at: deadline, id: id, stamp: entries[at: place].stamp))
        if ready[kind].count > 64 + 2 * liveCount { compactHeap(kind) }
    }

    /// Whether an item of a heap still stands for its entry.
    @inline(__always) func isCurrent(_ item: JobHeap.Item) -> Bool {
        guard let place = entries.place(of: item.id), entries[at: place].stamp == item.stamp else { return false }
        if case .ready = entries[at: place].state { return true }
        return false
    }

    private mutating func compactHeap(_ kind: Int) {
        var heap = JobHeap()
        swap(&heap, &ready[kind])
        heap.compact { isCurrent($0) }
        swap(&heap, &ready[kind])
    }
}
