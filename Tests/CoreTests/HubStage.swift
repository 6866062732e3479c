import Core

/// Plays the shell for `HubCore`: gives out pids, remembers what it was told, and moves the time.
struct HubStage {
    var core: HubCore
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var log: [HubDirective] = []
    private var nextPid: Int32 = 100
    private var nextConnection: UInt64 = 1
    var pids: [String: Int32] = [:]
    var epochs: [String: Epoch] = [:]
    /// Names whose executable is missing.
    var broken: Set<String> = []

    static func spec(_ role: ProcessRole, _ name: String) -> ProcessSpec {
        ProcessSpec(role: role, name: name, command: ProcessCommand(executable: "/bin/\(name)"))
    }

    /// The back that a channel without a fixed owner has.
    static func hashed(_ channel: ChannelID, over backs: Int) -> String? {
        let names = (1...backs).map { "back-\($0)" }
        return RendezvousHash.choose(names, for: channel.text).map { names[$0] }
    }

    init(
        fronts: Int, backs: Int, known: [ProcessRecord] = [], term: UInt32 = 7, seed: UInt64 = 1,
        placement: ChannelPlacement = ChannelPlacement()
    ) {
        let specs =
            (0..<fronts).map { Self.spec(.front, "front-\($0 + 1)") }
            + (0..<backs).map { Self.spec(.back, "back-\($0 + 1)") }
        core = HubCore(
            specs: specs, known: known, ledger: EpochLedger(term: term),
            facts: .init(pid: 1, version: "test", listen: ["127.0.0.1:8080"]), seed: seed,
            placement: placement, now: Instant(nanoseconds: 1_000_000_000))
        for record in known { pids[record.name] = record.pid }
        settle()
        core.timePassed(now: now)
        settle()
    }

    /// Moves to each deadline in turn, as the shell's timer would, up to `duration` from now.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = core.nextDeadline, deadline <= end {
            now = max(now, deadline)
            core.timePassed(now: now)
            settle()
        }
        now = end
    }

    @discardableResult
    mutating func announce(
        _ role: String, _ name: String, pid: Int32? = nil, leader: Int32? = nil, families: [String] = [],
        epoch: String? = nil, takesClients: Bool? = nil
    ) -> HubConnectionID {
        let connection = HubConnectionID(nextConnection)
        nextConnection += 1
        core.announced(
            Announcement(
                role: role, name: name, pid: pid ?? pids[name] ?? 1, address: role == "back" ? "127.0.0.1:1" : nil,
                families: families, epoch: epoch ?? epochs[name].map { "\($0)" }, takesClients: takesClients),
            leader: leader, from: connection,
            now: now)
        settle()
        return connection
    }

    mutating func exit(_ name: String, _ exit: ProcessExit = .code(1)) {
        core.exited(name, exit, now: now)
        settle()
    }

    mutating func lose(_ connection: HubConnectionID) {
        core.connectionLost(connection, now: now)
        settle()
    }

    mutating func drain(_ name: String, within deadline: Duration, then: DrainOrder.Then) throws(Farewell) {
        try core.drain(name, within: deadline, then: then, now: now)
        settle()
    }

    mutating func start(_ name: String) throws(Farewell) {
        try core.start(name, now: now)
        settle()
    }

    mutating func stop() {
        core.stop(now: now)
        settle()
    }

    /// What was said since the last call.
    mutating func said() -> [HubDirective] {
        defer { log = [] }
        return log
    }

    func state(of name: String) -> String? {
        core.status(now: now).processes.first { $0.name == name }?.state
    }

    private mutating func settle() {
        while let directive = core.nextDirective() {
            log.append(directive)
            guard case .spawn(let spec, let epoch) = directive else { continue }
            if broken.contains(spec.name) {
                core.spawnFailed(spec.name, reason: "no such file", now: now)
            } else {
                nextPid += 1
                pids[spec.name] = nextPid
                epochs[spec.name] = epoch
                core.spawned(spec.name, pid: nextPid, startTime: 5, now: now)
            }
        }
    }
}

extension [HubDirective] {
    /// The names of what was to be started.
    var spawned: [String] { compactMap { if case .spawn(let spec, _) = $0 { spec.name } else { nil } } }
    /// `name:signal` of every signal.
    var signalled: [String] {
        compactMap { if case .signal(let name, _, let signal) = $0 { "\(name):\(signal)" } else { nil } }
    }
    var refusals: [CloseCode] { compactMap { if case .refuse(_, let reason) = $0 { reason.code } else { nil } } }
    var directories: [DirectoryMessage] {
        compactMap { if case .sendDirectory(let message, _) = $0 { message } else { nil } }
    }
    var stops: [HubConnectionID] { compactMap { if case .sendStop(let to, _) = $0 { to } else { nil } } }
}
