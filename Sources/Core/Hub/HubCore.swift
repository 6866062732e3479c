/// The hub's decisions: which processes should exist, who serves what, and in which order all of it ends.
///
/// The shell delivers one event, pulls directives until there are none, and arms one timer for `nextDeadline`. Nothing here
/// looks at a clock, a process table or a socket. A new epoch is granted only to a back whose former process is gone.
package struct HubCore: Sendable {
    enum Phase {
        case serving, stoppingFronts, stoppingBacks, finished
    }

    /// A process that nobody told us to start: it holds the key and announced itself.
    struct Guest: Sendable {
        var role: ProcessRole
        var announcement: Announcement
        var families: [FamilyPattern]
        var epoch: Epoch
        var connection: HubConnectionID
        var since: Instant
    }

    let facts: Facts
    let limits: HubLimits
    let placement: ChannelPlacement
    let startedAt: Instant
    var phase = Phase.serving
    private var isReady = false
    var ledger: EpochLedger
    var processes: [Supervised]
    var guests: [Guest] = []
    var reports: [String: ProcessReport] = [:]
    /// Connections to the hub's socket that the hub ended, by why.
    var refusals: [CloseCode: UInt64] = [:]
    var sentDirectory: DirectoryMessage?
    private var savedProcesses: [ProcessRecord]
    var directives: [HubDirective] = []

    /// What the shell knows and the status shows.
    package struct Facts: Sendable {
        package var pid: Int32
        package var version: String
        package var listen: [String]

        package init(pid: Int32, version: String, listen: [String]) {
            self.pid = pid
            self.version = version
            self.listen = listen
        }
    }

    /// - Parameters:
    ///   - known: processes of an earlier hub that are still alive. Those without a spec are kept as long as they live, and
    ///     not started again.
    ///   - ledger: of this reign, already synced.
    package init(
        specs: [ProcessSpec], known: [ProcessRecord], ledger: EpochLedger, facts: Facts, seed: UInt64,
        placement: ChannelPlacement = ChannelPlacement(), limits: HubLimits = HubLimits(), now: Instant
    ) {
        self.facts = facts
        self.placement = placement
        self.limits = limits
        self.ledger = ledger
        startedAt = now
        // What was found is written down again: it may have been found by its lock alone.
        savedProcesses = []
        processes = specs.enumerated().map { place, spec in
            Supervised(spec: spec, limits: limits, seed: seed &+ UInt64(place), now: now)
        }
        for record in known {
            if let place = place(of: record.name) {
                processes[place].found(record, now: now)
            } else {
                var surplus = Supervised(surplus: record, limits: limits, seed: seed, now: now)
                surplus.found(record, now: now)
                processes.append(surplus)
            }
        }
    }

    // What is.

    /// When `timePassed` is wanted next.
    package var nextDeadline: Instant? { processes.compactMap(\.state.deadline).min() }

    /// The processes to remember for the next hub.
    package var processTable: [ProcessRecord] { processes.compactMap(\.record) }

    /// Who serves what, in so far as backs have said.
    package var directory: ChannelDirectory {
        let own = processes.lazy.filter { $0.spec.role == .back && !$0.families.isEmpty }.map {
            ChannelDirectory.Entry(
                name: $0.spec.name, address: $0.address, epoch: $0.epoch ?? Epoch(rawValue: 0),
                families: $0.families + placement.families(of: $0.spec.name))
        }
        let others = guests.lazy.filter { $0.role == .back }.map {
            ChannelDirectory.Entry(
                name: $0.announcement.name, address: $0.announcement.address, epoch: $0.epoch, families: $0.families)
        }
        return ChannelDirectory(Array(own) + Array(others))
    }

    // What happened.

    package mutating func spawned(_ name: String, pid: Int32, startTime: UInt64, now: Instant) {
        guard let place = place(of: name) else { return }
        processes[place].spawned(pid: pid, startTime: startTime, now: now)
        directives.append(.notice(.started(name: name, pid: pid, epoch: processes[place].state.life?.epoch)))
        if phase != .serving { directives += processes[place].stop(now: now) }
        settle()
    }

    /// `reason` is for people.
    package mutating func spawnFailed(_ name: String, reason: String, now: Instant) {
        guard let place = place(of: name) else { return }
        processes[place].spawnFailed(reason, now: now)
        directives.append(.notice(.spawnFailed(name: name, reason: reason)))
        if phase != .serving { directives += processes[place].stop(now: now) }
        settle()
    }

    /// The process of that name is gone for certain.
    package mutating func exited(_ name: String, _ exit: ProcessExit, now: Instant) {
        guard let place = place(of: name) else { return }
        if let connection = processes[place].state.connection { processes[place].connectionLost(connection) }
        reports[name] = nil
        let notices = processes[place].exited(exit, isWanted: phase == .serving, now: now)
        directives += notices.map { .notice($0) }
        if processes[place].isSurplus { processes.remove(at: place) }
        proceed(now: now)
        settle()
    }

    /// Whatever was due by `now` is decided.
    package mutating func timePassed(now: Instant) {
        for place in processes.indices {
            guard let deadline = processes[place].state.deadline, deadline <= now else { continue }
            switch processes[place].state {
            case .restarting, .failed:
                guard phase == .serving else { break }
                let spec = processes[place].spec
                let epoch = spec.role == .back ? ledger.grant() : nil
                processes[place].spawning(epoch: epoch)
                directives.append(.spawn(spec, epoch: epoch))
            case .awaited, .spawning, .starting, .running, .stopping, .stopped:
                directives += processes[place].overdue(now: now)
            }
        }
        proceed(now: now)
        settle()
    }

    // What to do.

    package mutating func nextDirective() -> HubDirective? {
        directives.isEmpty ? nil : directives.removeFirst()
    }

    // Private.

    func place(of name: String) -> Int? { processes.firstIndex { $0.spec.name == name } }

    mutating func endAll(_ role: ProcessRole, now: Instant) {
        for guest in guests where guest.role == role {
            directives.append(.sendStop(guest.connection, grace: limits.stopGrace))
        }
        for place in processes.indices where processes[place].spec.role == role {
            directives += processes[place].stop(now: now)
        }
    }

    /// The next step of stopping, if this one is over.
    mutating func proceed(now: Instant) {
        func isOver(_ role: ProcessRole) -> Bool {
            processes.allSatisfy { $0.spec.role != role || $0.state == .stopped }
        }
        if phase == .stoppingFronts, isOver(.front), isOver(.worker) {
            phase = .stoppingBacks
            endAll(.back, now: now)
        }
        if phase == .stoppingBacks, isOver(.front), isOver(.worker), isOver(.back) {
            phase = .finished
            directives.append(.saveProcesses([]))
            directives.append(.finished)
        }
    }

    /// The connections of all fronts.
    var fronts: [HubConnectionID] {
        processes.filter { $0.spec.role == .front }.compactMap(\.state.connection)
            + guests.filter { $0.role == .front }.map(\.connection)
    }

    /// Tells whoever needs it what changed in this event.
    mutating func settle() {
        guard phase != .finished else { return }
        let table = processTable
        if table != savedProcesses {
            savedProcesses = table
            directives.append(.saveProcesses(table))
        }
        // Placement depends on every back's families, so nobody is routed before all have spoken once.
        guard processes.allSatisfy({ $0.spec.role != .back || $0.isPlaced }) else { return }
        let message = DirectoryMessage(term: ledger.term, directory)
        if message != sentDirectory {
            sentDirectory = message
            if !fronts.isEmpty { directives.append(.sendDirectory(message, to: fronts)) }
        }
        guard !isReady, phase == .serving else { return }
        let own = processes.filter { !$0.isSurplus }
        guard own.allSatisfy({ if case .running = $0.state { true } else { false } }) else { return }
        isReady = true
        directives.append(
            .ready(
                frontCount: own.count { $0.spec.role == .front }, backCount: own.count { $0.spec.role == .back }))
    }
}
