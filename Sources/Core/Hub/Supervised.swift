/// One process that should exist, and what became of it: the state machine below `HubCore`.
///
/// It decides restarts and the steps of stopping; `HubCore` owns the order between processes, epochs and connections.
struct Supervised: Sendable {
    let spec: ProcessSpec
    /// An earlier hub started it and this one was not asked to: it is kept while it lives.
    let isSurplus: Bool
    private let limits: HubLimits
    private(set) var state: ProcessState
    private var backoff: Backoff
    private(set) var restartCount = 0
    private(set) var crashLoopCount = 0
    private(set) var lastReason: String?
    /// The last epoch it was given; kept while it is away, so that its place in the directory has one.
    private(set) var epoch: Epoch?
    /// What it serves, from its last announcement.
    private(set) var families: [FamilyPattern] = []
    private(set) var address: String?
    /// What an operator wanted when it was drained last; nil if it never was.
    private var drain: DrainOrder?
    /// How its last drain ended.
    private(set) var drained: HubStatus.Drained?
    /// It has said once what it serves, or is known not to get so far.
    private(set) var isPlaced = false

    init(spec: ProcessSpec, limits: HubLimits, seed: UInt64, now: Instant) {
        self.spec = spec
        isSurplus = false
        self.limits = limits
        backoff = Backoff(first: limits.backoffFirst, limit: limits.backoffLimit, seed: seed)
        state = .restarting(at: now)
    }

    /// A process that an earlier hub started and this one would not; `found` follows.
    init(surplus record: ProcessRecord, limits: HubLimits, seed: UInt64, now: Instant) {
        spec = ProcessSpec(role: record.role, name: record.name, command: ProcessCommand(executable: ""))
        isSurplus = true
        self.limits = limits
        backoff = Backoff(first: limits.backoffFirst, limit: limits.backoffLimit, seed: seed)
        state = .restarting(at: now)
    }

    // What happened.

    /// A process of an earlier hub is still there.
    mutating func found(_ record: ProcessRecord, now: Instant) {
        epoch = record.epoch.flatMap { UInt64($0) }.map(Epoch.init(rawValue:))
        families = record.families.compactMap { try? FamilyPattern($0) }
        // Where it listened it listens still: a front that is told it is away would leave it.
        address = record.address
        isPlaced = !families.isEmpty
        let life = ProcessState.Life(pid: record.pid, startTime: record.startTime, epoch: epoch, since: now)
        state = .awaited(life, until: now + limits.adoptionLimit)
    }

    mutating func spawning(epoch: Epoch?) {
        if let epoch { self.epoch = epoch }
        state = .spawning(epoch)
    }

    mutating func spawned(pid: Int32, startTime: UInt64, now: Instant) {
        guard case .spawning(let epoch) = state else { return }
        let life = ProcessState.Life(pid: pid, startTime: startTime, epoch: epoch, since: now)
        state = .starting(life, until: now + limits.startLimit)
    }

    mutating func spawnFailed(_ reason: String, now: Instant) {
        lastReason = reason
        isPlaced = true
        restartCount += 1
        state = .failed(reason: reason, retryAt: now + backoff.next())
    }

    /// It spoke. Answers the connection that this one replaces.
    mutating func announced(
        _ announcement: Announcement, _ families: [FamilyPattern], from connection: HubConnectionID
    ) -> HubConnectionID? {
        guard var life = state.life else { return nil }
        let replaced = state.connection
        life.announcedPid = announcement.pid
        self.families = families
        address = announcement.address
        isPlaced = true
        if case .stopping(_, _, let step, let until) = state {
            state = .stopping(life, connection, step, until: until)
        } else {
            state = .running(life, connection)
        }
        return replaced
    }

    mutating func connectionLost(_ connection: HubConnectionID) {
        guard state.connection == connection else { return }
        switch state {
        case .running(let life, _): state = .running(life, nil)
        case .stopping(let life, _, let step, let until): state = .stopping(life, nil, step, until: until)
        case .awaited, .spawning, .starting, .restarting, .failed, .stopped: break
        }
    }

    /// It is gone. Answers what to tell the operator.
    mutating func exited(_ exit: ProcessExit, isWanted: Bool, now: Instant) -> [HubNotice] {
        guard let life = state.life else { return [] }
        lastReason = exit.description
        address = nil
        let drain = drain
        self.drain = nil
        let pid = life.announcedPid ?? life.pid
        var notices: [HubNotice] =
            if case .stopping = state {
                [.stopped(name: spec.name, pid: pid, exit)]
            } else {
                [.exited(name: spec.name, pid: pid, exit)]
            }
        if let drain {
            drained = HubStatus.Drained(moved: drain.movedCount, cutOff: drain.cutOffCount, isComplete: exit.isGood)
            notices.append(.drained(name: spec.name, moved: drain.movedCount, cutOff: drain.cutOffCount))
        }
        guard isWanted, !isSurplus, drain?.then != .leave else {
            state = .stopped
            return notices
        }
        if drain != nil {
            state = .restarting(at: now)
            return notices
        }
        if now.since(life.since) >= limits.steadyAfter { backoff.reset() }
        restartCount += 1
        let wait = backoff.next()
        if backoff.waitCount >= limits.crashLoopLength {
            if backoff.waitCount == limits.crashLoopLength { crashLoopCount += 1 }
            isPlaced = true
            state = .failed(reason: "died \(backoff.waitCount) times in a row, last: \(exit)", retryAt: now + wait)
            notices.append(.crashLoop(name: spec.name, deaths: backoff.waitCount, reason: exit.description))
        } else {
            state = .restarting(at: now + wait)
            notices.append(.restarting(name: spec.name, wait: wait))
        }
        return notices
    }

    // What we want.

    /// Let it move its clients elsewhere within `deadline`, and then end. Nil if it is not in a state to hear that.
    mutating func drain(within deadline: Duration, then: DrainOrder.Then, now: Instant) -> [HubDirective]? {
        guard case .running(let life, let connection?) = state else { return nil }
        drain = DrainOrder(then: then)
        drained = nil
        state = .stopping(life, connection, .draining, until: now + deadline + limits.stopGrace)
        return [
            .notice(.draining(name: spec.name, pid: life.announcedPid ?? life.pid, deadline: deadline)),
            .sendDrain(connection, deadline: deadline),
        ]
    }

    /// Notes how far its drain is.
    mutating func reported(_ report: ProcessReport) {
        drain?.movedCount = Int(report.counters?[ProcessReport.movedSessions] ?? 0)
        drain?.cutOffCount = Int(report.counters?[ProcessReport.cutOffSessions] ?? 0)
    }

    /// Start it again after it was drained. False if it is not stopped.
    mutating func startAgain(now: Instant) -> Bool {
        guard state == .stopped else { return false }
        state = .restarting(at: now)
        return true
    }

    /// Begin to end it, politely if it can hear us.
    mutating func stop(now: Instant) -> [HubDirective] {
        switch state {
        case .running(let life, let connection?):
            state = .stopping(life, connection, .asked, until: now + limits.stopGrace)
            return [
                .notice(.stopping(name: spec.name, pid: life.announcedPid ?? life.pid)),
                .sendStop(connection, grace: limits.stopGrace),
            ]
        case .running(let life, nil), .awaited(let life, _), .starting(let life, _):
            return [.notice(.stopping(name: spec.name, pid: life.pid))] + terminate(life, nil, now: now)
        case .stopping(let life, let connection?, .draining, _):
            state = .stopping(life, connection, .asked, until: now + limits.stopGrace)
            return [.sendStop(connection, grace: limits.stopGrace)]
        case .stopping(let life, nil, .draining, _): return terminate(life, nil, now: now)
        case .stopping: return []
        case .spawning: return []
        case .restarting, .failed, .stopped:
            state = .stopped
            return []
        }
    }

    /// End it at once.
    mutating func kill(now: Instant) -> [HubDirective] {
        guard let life = state.life else {
            if case .spawning = state { return [] }
            state = .stopped
            return []
        }
        state = .stopping(life, state.connection, .killed, until: now + limits.terminateGrace)
        return [.signal(name: spec.name, pid: life.pid, .kill)]
    }

    /// Its deadline is over. Answers what to do; a start is the parent's to make.
    mutating func overdue(now: Instant) -> [HubDirective] {
        switch state {
        case .awaited(let life, _):
            let notice = HubNotice.overdue(
                name: spec.name, pid: life.pid, what: "did not come back to the hub; it is replaced")
            return [.notice(notice)] + terminate(life, nil, now: now)
        case .starting(let life, _):
            let notice = HubNotice.overdue(
                name: spec.name, pid: life.pid, what: "did not announce itself within \(limits.startLimit)")
            return [.notice(notice)] + terminate(life, nil, now: now)
        case .stopping(let life, let connection, .draining, _):
            let notice = HubNotice.overdue(name: spec.name, pid: life.pid, what: "did not end with its drain")
            return [.notice(notice)] + terminate(life, connection, now: now)
        case .stopping(let life, let connection, .asked, _): return terminate(life, connection, now: now)
        case .stopping(_, _, .terminated, _), .stopping(_, _, .killed, _): return kill(now: now)
        case .spawning, .running, .restarting, .failed, .stopped: return []
        }
    }

    // What is.

    /// What the next hub needs to adopt it.
    var record: ProcessRecord? {
        state.life.map {
            ProcessRecord(
                role: spec.role, name: spec.name, pid: $0.pid, startTime: $0.startTime, epoch: $0.epoch,
                families: families.map(\.description), address: address)
        }
    }

    func status(sessions: Int, now: Instant) -> HubStatus.Process {
        let life = state.life
        return HubStatus.Process(
            role: spec.role.rawValue, name: spec.name, pid: life?.announcedPid ?? life?.pid ?? 0, state: state.word,
            sessions: sessions, epoch: epoch.map { "\($0)" } ?? "", restarts: restartCount, crashLoops: crashLoopCount,
            uptimeSeconds: life.map { now.since($0.since) / .seconds(1) } ?? 0, address: address,
            families: spec.role == .back ? families.map(\.description) : nil, reason: lastReason, drained: drained)
    }

    private mutating func terminate(
        _ life: ProcessState.Life, _ connection: HubConnectionID?, now: Instant
    ) -> [HubDirective] {
        state = .stopping(life, connection, .terminated, until: now + limits.terminateGrace)
        return [.signal(name: spec.name, pid: life.pid, .terminate)]
    }
}
