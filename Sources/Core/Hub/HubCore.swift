/// The hub's decisions: which processes should exist, who serves what, and in which order all of it ends.
///
/// The shell delivers one event, pulls directives until there are none, and arms one timer for `nextDeadline`. Nothing here
/// looks at a clock, a process table or a socket. A new epoch is granted only to a back whose former process is gone.
package struct HubCore: Sendable {
    private enum Phase {
        case serving, stoppingFronts, stoppingBacks, finished
    }

    /// A process that nobody told us to start: it holds the key and announced itself.
    private struct Guest: Sendable {
        var role: ProcessRole
        var announcement: Announcement
        var families: [FamilyPattern]
        var epoch: Epoch
        var connection: HubConnectionID
        var since: Instant
    }

    private let facts: Facts
    private let limits: HubLimits
    private let placement: ChannelPlacement
    private let startedAt: Instant
    private var phase = Phase.serving
    private var isReady = false
    private var ledger: EpochLedger
    private var processes: [Supervised]
    private var guests: [Guest] = []
    private var reports: [String: ProcessReport] = [:]
    /// Connections to the hub's socket that the hub ended, by why.
    private var refusals: [CloseCode: UInt64] = [:]
    private var sentDirectory: DirectoryMessage?
    private var savedProcesses: [ProcessRecord]
    private var directives: [HubDirective] = []

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

    package func status(now: Instant) -> HubStatus {
        let own = processes.map { $0.status(sessions: reports[$0.spec.name]?.sessions ?? 0, now: now) }
        let others = guests.map { guest in
            HubStatus.Process(
                role: guest.role.rawValue, name: guest.announcement.name, pid: guest.announcement.pid,
                state: "running", sessions: reports[guest.announcement.name]?.sessions ?? 0,
                epoch: guest.role == .back ? "\(guest.epoch)" : "", restarts: 0, crashLoops: 0,
                uptimeSeconds: now.since(guest.since) / .seconds(1), address: guest.announcement.address,
                families: guest.role == .back ? guest.families.map(\.description) : nil, reason: nil)
        }
        let everyone = own + others
        return HubStatus(
            hub: .init(
                pid: facts.pid, version: facts.version, listen: facts.listen,
                uptimeSeconds: now.since(startedAt) / .seconds(1), term: ledger.term),
            processes: everyone,
            channels: everyone.filter { $0.role == "back" }.flatMap { process in
                (reports[process.name]?.channels ?? []).map { channel in
                    var channel = channel
                    channel.back = channel.back ?? process.name
                    channel.epoch = channel.epoch ?? process.epoch
                    return channel
                }
            }.sorted { ($0.id, $0.back ?? "") < ($1.id, $1.back ?? "") },
            clientCount: everyone.filter { $0.role == "front" }.reduce(0) { $0 + $1.sessions },
            clients: everyone.filter { $0.role == "front" }.flatMap { process in
                (reports[process.name]?.clients ?? []).prefix(HubLimits.clientsListed).map { client in
                    var client = client
                    client.front = process.name
                    return client
                }
            })
    }

    /// The Prometheus page of the whole cluster.
    ///
    /// - Parameter jobs: figures of the job queue, for the hub's own part of the page.
    package func metrics(now: Instant, jobs: ProcessReport? = nil) -> String {
        let status = status(now: now)
        var own = jobs ?? ProcessReport()
        own.gauges = (own.gauges ?? [:]).merging(
            ["hub_uptime_seconds": status.hub.uptimeSeconds], uniquingKeysWith: { $1 })
        for (code, count) in refusals {
            own.counters?["hub_connections_refused_total{reason=\"\(code.name)\"}"] = Double(count)
        }
        let pages = status.processes.map { process -> (process: String, report: ProcessReport) in
            var report = reports[process.name] ?? ProcessReport()
            report.gauges = (report.gauges ?? [:]).merging(
                ["process_up": process.state == "running" ? 1 : 0], uniquingKeysWith: { $1 })
            report.counters = (report.counters ?? [:]).merging(
                [
                    "process_restarts_total": Double(process.restarts),
                    "process_crash_loops_total": Double(process.crashLoops),
                ], uniquingKeysWith: { $1 })
            return (process.name, report)
        }
        return MetricsText.page([("hub", own)] + pages)
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

    /// A process proved the key and said what it is.
    ///
    /// - Parameters:
    ///   - announcement: with the pid that the kernel says, not the one that was claimed.
    ///   - leader: the leader of its session by the kernel's word, which is what was started behind a wrapper.
    package mutating func announced(
        _ announcement: Announcement, leader: Int32? = nil, from connection: HubConnectionID, now: Instant
    ) {
        do throws(Farewell) {
            guard let role = ProcessRole(rawValue: announcement.role) else {
                throw Farewell(.refused, "the role '\(announcement.role)' is neither front nor back nor worker")
            }
            let families = try Self.families(of: announcement)
            if let place = place(of: announcement.name) {
                try admit(announcement, leader, role, families, at: place, from: connection)
                for channel in placement.channels[announcement.name] ?? []
                where !families.contains(where: { $0.matches(channel) }) {
                    directives.append(.notice(.misplaced(name: announcement.name, channel: channel)))
                }
            } else {
                try welcome(announcement, role, families, from: connection, now: now)
            }
            if role == .front {
                if announcement.takesClients != false { directives.append(.sendListeners(connection)) }
                if let sentDirectory { directives.append(.sendDirectory(sentDirectory, to: [connection])) }
            }
        } catch {
            directives.append(.notice(.refused(name: announcement.name, error)))
            directives.append(.refuse(connection, error))
        }
        settle()
    }

    /// A report from a process that announced itself; others are ignored.
    package mutating func reported(_ report: ProcessReport, from connection: HubConnectionID) {
        guard let name = name(of: connection) else { return }
        reports[name] = report
        if let place = place(of: name) { processes[place].reported(report) }
    }

    /// The hub ended a connection to its socket, before or after its peer proved the key. `connectionLost` follows.
    package mutating func connectionRefused(_ reason: Farewell) { refusals[reason.code, default: 0] += 1 }

    /// The connection is gone. The process may live on and come back.
    package mutating func connectionLost(_ connection: HubConnectionID, now: Instant) {
        for place in processes.indices { processes[place].connectionLost(connection) }
        for guest in guests where guest.connection == connection { reports[guest.announcement.name] = nil }
        guests.removeAll { $0.connection == connection }
        settle()
    }

    /// A public listener that had to be waited for is there: every front that takes clients is handed it.
    package mutating func listenersChanged() {
        let programs = Set(guests.filter { $0.announcement.takesClients == false }.map(\.connection))
        directives += fronts.filter { !programs.contains($0) }.map { .sendListeners($0) }
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

    // What we want.

    /// End everything in order: fronts first, so that clients hear of it, then backs. A second call changes nothing.
    package mutating func stop(now: Instant) {
        guard phase == .serving else { return }
        phase = .stoppingFronts
        // What is only waiting to be started is over at once, whichever its turn.
        for place in processes.indices where processes[place].state.life == nil {
            directives += processes[place].stop(now: now)
        }
        endAll(.front, now: now)
        endAll(.worker, now: now)
        proceed(now: now)
        settle()
    }

    /// Move a front's clients to the others within `deadline`, then end it.
    ///
    /// - Parameter then: whether it is started again.
    /// - Throws: why it cannot be, in words for the operator.
    package mutating func drain(
        _ name: String, within deadline: Duration, then: DrainOrder.Then, now: Instant
    ) throws(Farewell) {
        guard phase == .serving else { throw Farewell(.goingAway, "the hub is stopping everything") }
        guard let place = place(of: name) else { throw Farewell(.refused, "there is no process '\(name)' of this hub") }
        guard processes[place].spec.role == .front else {
            throw Farewell(
                .refused,
                "\(name) is a \(processes[place].spec.role.rawValue). Only fronts can be drained: a back's channels have nowhere to go"
            )
        }
        let others = processes.contains { other in
            guard other.spec.role == .front, other.spec.name != name, case .running = other.state else { return false }
            return true
        }
        guard others || then == .restart else {
            throw Farewell(
                .refused,
                "\(name) is the only front that runs: its clients have nowhere to go. --restart brings it back")
        }
        guard let begun = processes[place].drain(within: deadline, then: then, now: now) else {
            throw Farewell(.refused, "\(name) is \(processes[place].state.word), not running")
        }
        directives += begun
        settle()
    }

    /// Start a process again that was drained.
    package mutating func start(_ name: String, now: Instant) throws(Farewell) {
        guard phase == .serving else { throw Farewell(.goingAway, "the hub is stopping everything") }
        guard let place = place(of: name) else { throw Farewell(.refused, "there is no process '\(name)' of this hub") }
        guard processes[place].startAgain(now: now) else {
            throw Farewell(.refused, "\(name) is \(processes[place].state.word), not stopped")
        }
        timePassed(now: now)
    }

    /// One process as the status shows it; nil if there is none of that name.
    package func process(_ name: String, now: Instant) -> HubStatus.Process? {
        place(of: name).map { processes[$0].status(sessions: reports[name]?.sessions ?? 0, now: now) }
    }

    /// Decide nothing any more: another hub takes over. Answers the processes that it finds.
    package mutating func leave() -> [ProcessRecord] {
        phase = .finished
        directives = []
        return processTable
    }

    /// End everything at once.
    package mutating func kill(now: Instant) {
        guard phase != .finished else { return }
        phase = .stoppingBacks
        for place in processes.indices { directives += processes[place].kill(now: now) }
        proceed(now: now)
        settle()
    }

    // What to do.

    package mutating func nextDirective() -> HubDirective? {
        directives.isEmpty ? nil : directives.removeFirst()
    }

    // Private.

    private func place(of name: String) -> Int? { processes.firstIndex { $0.spec.name == name } }

    private func name(of connection: HubConnectionID) -> String? {
        processes.first { $0.state.connection == connection }?.spec.name
            ?? guests.first { $0.connection == connection }?.announcement.name
    }

    private static func families(of announcement: Announcement) throws(Farewell) -> [FamilyPattern] {
        let texts = announcement.families ?? []
        guard texts.count <= Limits.familiesPerBack else {
            throw Farewell(.tooBig, "\(texts.count) families; the limit is \(Limits.familiesPerBack)")
        }
        var families: [FamilyPattern] = []
        for text in texts {
            do { families.append(try FamilyPattern(text)) } catch { throw Farewell(.protocolError, error.description) }
        }
        return families
    }

    /// An announcement under the name of a process of ours.
    private mutating func admit(
        _ announcement: Announcement, _ leader: Int32?, _ role: ProcessRole, _ families: [FamilyPattern],
        at place: Int, from connection: HubConnectionID
    ) throws(Farewell) {
        let process = processes[place]
        guard role == process.spec.role else {
            throw Farewell(.refused, "\(process.spec.name) is a \(process.spec.role.rawValue), not a \(role.rawValue)")
        }
        guard let life = process.state.life else {
            throw Farewell(.stale, "the process of that name is gone and will be replaced")
        }
        if role == .back, announcement.epoch != life.epoch.map({ "\($0)" }) {
            throw Farewell(.stale, "the epoch of \(process.spec.name) is \(life.epoch.map { "\($0)" } ?? "none")")
        }
        guard announcement.pid == life.pid || leader == life.pid else {
            throw Farewell(
                .duplicate, "\(process.spec.name) is process \(life.pid), and \(announcement.pid) is not of its session"
            )
        }
        if process.state.connection != nil, announcement.pid != life.announcedPid {
            throw Farewell(.duplicate, "\(process.spec.name) is process \(life.announcedPid ?? life.pid)")
        }
        switch process.state {
        case .awaited: directives.append(.notice(.adopted(name: process.spec.name, pid: announcement.pid)))
        case .starting:
            directives.append(
                .notice(
                    .announced(name: process.spec.name, pid: announcement.pid, address: announcement.address)))
        case .spawning, .running, .stopping, .restarting, .failed, .stopped: break
        }
        if let replaced = processes[place].announced(announcement, families, from: connection), replaced != connection {
            directives.append(.refuse(replaced, Farewell(.superseded, "this process has a newer connection")))
        }
        if case .stopping(_, _, let step, _) = processes[place].state, step != .draining {
            directives.append(.sendStop(connection, grace: limits.terminateGrace))
        }
    }

    /// An announcement under a name that we did not give.
    private mutating func welcome(
        _ announcement: Announcement, _ role: ProcessRole, _ families: [FamilyPattern],
        from connection: HubConnectionID, now: Instant
    ) throws(Farewell) {
        guard !announcement.name.isEmpty, announcement.name.utf8.count <= ChannelID.byteLimit else {
            throw Farewell(.refused, "a process needs a name of 1 to \(ChannelID.byteLimit) bytes")
        }
        guard processes.count + guests.count < HubLimits.processCount else {
            throw Farewell(.overloaded, "the hub has \(HubLimits.processCount) processes")
        }
        if let other = guests.first(where: { $0.announcement.name == announcement.name }) {
            guard other.connection == connection else {
                throw Farewell(.duplicate, "\(announcement.name) is process \(other.announcement.pid)")
            }
            guests.removeAll { $0.connection == connection }
        }
        let epoch = Epoch(rawValue: announcement.epoch.flatMap { UInt64($0) } ?? 0)
        guests.append(
            Guest(
                role: role, announcement: announcement, families: families, epoch: epoch, connection: connection,
                since: now))
        directives.append(
            .notice(.announced(name: announcement.name, pid: announcement.pid, address: announcement.address)))
    }

    private mutating func endAll(_ role: ProcessRole, now: Instant) {
        for guest in guests where guest.role == role {
            directives.append(.sendStop(guest.connection, grace: limits.stopGrace))
        }
        for place in processes.indices where processes[place].spec.role == role {
            directives += processes[place].stop(now: now)
        }
    }

    /// The next step of stopping, if this one is over.
    private mutating func proceed(now: Instant) {
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
    private var fronts: [HubConnectionID] {
        processes.filter { $0.spec.role == .front }.compactMap(\.state.connection)
            + guests.filter { $0.role == .front }.map(\.connection)
    }

    /// Tells whoever needs it what changed in this event.
    private mutating func settle() {
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
