import Core
import State

/// A whole cluster in one thread: its processes, its network, its clock, its clients, and those who watch that all promises
/// are kept. Everything that happens follows from the plan.
package final class World {
    static let publicAddress = "public"

    let plan: Plan
    let key = ClusterKey(bytes: [UInt8](repeating: 7, count: 32))!
    let scheduler = Scheduler()
    let network: SimulatedNetwork
    let table: ProcessTable
    let disk = SimulatedDisk()
    var dice: Dice
    var tally = Tally()
    private(set) var violations: [Violation] = []
    private(set) var clients: [SimulatedClient] = []
    private(set) var ghosts: [SimulatedBack] = []
    private(set) var hadGhost = false
    private(set) var wallStep = 0
    /// Until the faults are over.
    var areFaultsOn = true
    private let recorder: Trace?
    private let tap: (any Tap)?
    private let startedAt: Instant
    private var isHubWanted = false
    private let specs: [ProcessSpec]
    private let families: [ChannelFamily]

    private(set) var inputs: InputChecker!
    private(set) var states: StateChecker!
    private(set) var views: ViewChecker!
    private(set) var epochs: EpochChecker!
    private(set) var limits: LimitChecker!
    private(set) var peers: PeerChecker!
    private(set) var pace: PaceChecker!
    private(set) var messages: MessageChecker!
    private(set) var texts: TextChecker!

    init(_ plan: Plan, trace: Trace?, tap: (any Tap)?) throws(FamilyPattern.Invalid) {
        self.plan = plan
        recorder = trace
        self.tap = tap
        dice = Dice(seed: plan.seed)
        startedAt = scheduler.now
        network = SimulatedNetwork(scheduler: scheduler, conditions: plan.conditions, seed: dice.next())
        table = ProcessTable(scheduler)
        specs =
            plan.fronts.map { ProcessSpec(role: .front, name: $0, command: ProcessCommand(executable: $0)) }
            + plan.backs.map { ProcessSpec(role: .back, name: $0, command: ProcessCommand(executable: $0)) }
        families = [
            ChannelFamily(
                pattern: try FamilyPattern("room/*"), type: LedgerRule.self,
                settings: ChannelSettings(rate: .hertz(plan.hertz), hashPeriod: 4))
        ]
        inputs = InputChecker(self)
        states = StateChecker(self)
        views = ViewChecker(self)
        epochs = EpochChecker(self)
        limits = LimitChecker(self)
        peers = PeerChecker(self)
        pace = PaceChecker(self)
        messages = MessageChecker(self)
        texts = TextChecker(self)
    }

    // MARK: Time

    /// Seconds since the world began.
    var seconds: Double { scheduler.now.since(startedAt) / .seconds(1) }
    /// What the wall clock says.
    var unixSeconds: UInt64 { UInt64(Int(1_700_000_000 + seconds) + wallStep) }
    var flushInterval: Duration { .milliseconds(plan.flushMilliseconds) }

    func stepWallClock(_ seconds: Int) {
        trace { "fault: the wall clock steps by \(seconds) s" }
        wallStep += seconds
    }

    /// Lets a time pass, or less if a promise is broken.
    func pass(_ duration: Duration) {
        let end = scheduler.now + duration
        var isAtEnd = false
        scheduler.at(end) { isAtEnd = true }
        while !isAtEnd, violations.isEmpty, scheduler.step() {}
    }

    // MARK: Watching

    func trace(_ line: () -> String) { recorder?.note(seconds, line()) }

    func fail(_ promise: Promise, _ what: String) {
        trace { "BROKEN \(promise.rawValue): \(what)" }
        violations.append(Violation(promise: promise, what: what, seconds: seconds))
    }

    func tapped(_ bytes: [UInt8], _ stream: SimulatedStream, _ direction: Way.Direction) -> [UInt8] {
        guard let tap, let wire = stream.outgoing, let other = stream.incoming else { return bytes }
        let isClient = direction == .clientUp || direction == .clientDown
        let isFar = direction == .trunkDown
        let far = isFar ? stream.process : stream.peer?.process
        let near = isFar ? stream.peer?.process : stream.process
        let way = Way(
            direction: direction, connection: min(wire.number, other.number), far: far?.pid ?? 0, near: near?.pid ?? 0,
            isPlain: !isClient || (far as? SimulatedClient)?.isPlain ?? false)
        return tap.pass(bytes, way)
    }

    /// A back has run a tick.
    func ticked(_ back: SimulatedBack, _ channel: String) {
        guard let status = back.core.channelStatus.first(where: { $0.id == channel }) else { return }
        let isNew = states.ticked(channel, status.lineage, status.version) {
            tally.versions += 1
            return back.core.encodedState(of: channel)?.1 ?? []
        }
        limits.look(atInbox: status.inboxByteCount, linkCount: status.linkCount, of: channel)
        guard let rule = back.core.processor(of: channel) as? LedgerRule else { return }
        let touched = rule.journal.takeAudiences()
        for audience in touched.audiences where audience != .everyone && audience != .nobody {
            let bytes = back.core.encodedState(of: channel, for: audience) ?? []
            views.rows(of: audience.wireNumber, status.lineage, status.version, bytes)
        }
        for session in touched.members.sorted(by: { ($0.high, $0.low) < ($1.high, $1.low) }) {
            let audiences = back.core.audiences(of: session, in: channel)?.map(\.wireNumber) ?? []
            views.member(session, status.lineage, status.version, isNew: isNew, audiences)
        }
        let (entries, departures) = rule.journal.take()
        inputs.applied(entries, channel: channel, lineage: status.lineage)
        messages.heard(rule.journal.takeHeard(), channel: channel, status.lineage)
        for (session, reason) in departures where reason == .expired { inputs.departed(session) }
    }

    // MARK: Processes

    /// Starts the hub, and starts it again a while after it has died.
    func keepHub() {
        isHubWanted = true
        startHubIfNone()
    }

    /// - Parameter hasListener: it takes over from one that lives.
    func startHubIfNone(hasListener: Bool = false) {
        guard isHubWanted, table.hub == nil else { return }
        let hub = SimulatedHub(pid: table.newPid(), self, specs: specs, hasListener: hasListener, dice: &dice)
        trace { "the hub starts as process \(hub.pid)" }
        table.add(hub) { [weak self] _ in
            guard let self else { return }
            let wait = Duration.milliseconds(100 + self.dice.below(3000))
            self.scheduler.after(wait) { [weak self] in self?.startHubIfNone() }
        }
        hub.start()
    }

    /// A second hub is started while one runs, which hands over and leaves.
    func replaceHub() -> Bool {
        guard let old = table.hub, !old.isStalled else { return false }
        let hasListener = old.hasListener
        old.leave()
        startHubIfNone(hasListener: hasListener)
        return true
    }

    /// An operator wants a front to run that was drained, and asks each second until there is one.
    func startAgain(_ front: String, tries: Int = 60) {
        guard tries > 0, table.hub?.startAgain(front) != true else { return }
        scheduler.after(.seconds(1)) { [weak self] in self?.startAgain(front, tries: tries - 1) }
    }

    /// The hub starts a process; it comes up a moment later.
    func spawn(_ spec: ProcessSpec, epoch: Epoch?, onExit: @escaping (ProcessExit) -> Void) -> SimulatedProcess {
        epochs.spawned(spec.name, epoch)
        trace { "the hub starts \(spec.name)\(epoch.map { " with epoch \($0)" } ?? "")" }
        let wait = Duration.milliseconds(2 + dice.below(40))
        switch spec.role {
        case .back:
            let back = SimulatedBack(
                pid: table.newPid(), name: spec.name, epoch: epoch ?? Epoch(rawValue: 0), self, families, dice: &dice)
            table.add(back, onExit: onExit)
            lock(back, spec, epoch)
            scheduler.after(wait, for: back) { [weak back] in back?.start() }
            return back
        case .front:
            let front = SimulatedFront(pid: table.newPid(), name: spec.name, self, dice: &dice)
            table.add(front, onExit: onExit)
            lock(front, spec, nil)
            scheduler.after(wait, for: front) { [weak front] in front?.start() }
            return front
        case .worker: preconditionFailure("no plan has workers; JobSimulation has")
        }
    }

    /// What the process inherits says who it is, also to a hub that comes before the table does.
    private func lock(_ process: SimulatedProcess, _ spec: ProcessSpec, _ epoch: Epoch?) {
        disk.lock(
            ProcessRecord(
                role: spec.role, name: spec.name, pid: process.pid, startTime: process.startTime, epoch: epoch,
                families: []))
    }

    func isGhost(_ process: SimulatedProcess) -> Bool { ghosts.contains { $0 === process } }

    /// The hub is told that the back is gone, which goes on all the same.
    func makeGhost(_ back: SimulatedBack) {
        hadGhost = true
        ghosts.append(back)
        table.declareGone(back)
        let tell = back.onExit
        back.onExit = nil
        tell?(.unknown)
    }

    // MARK: Clients

    func addClient(transport: ClientTransport, policy: UndecidedPolicy) -> SimulatedClient {
        let client = SimulatedClient(
            pid: table.newPid(), number: clients.count, transport: transport, policy: policy, self, dice: &dice)
        table.add(client)
        clients.append(client)
        inputs.add(client.ledger)
        return client
    }

    /// One that reads some channels and writes to one.
    func addTextClient() {
        let number = plan.clientCount + texts.clients.count
        let first = dice.below(plan.channelCount)
        let channels = (0..<(1 + dice.below(plan.channelCount))).map { plan.channels[(first + $0) % plan.channelCount] }
        let client = TextClient(pid: table.newPid(), number: number, channels: channels, self, dice: &dice)
        table.add(client)
        texts.clients.append(client)
        inputs.add(client.ledger)
        scheduler.after(.milliseconds(dice.below(1500)), for: client) { [weak client] in client?.start() }
    }

    /// Whether a client of the text form holds what its channel's back has now for its session.
    func isWhole(_ room: TextRoom, _ client: TextClient) -> Bool {
        guard let session = client.ledger.session,
            let (version, view) = owner(of: room.channel)?.core.encodedView(of: room.channel, for: session),
            let held = room.version
        else { return false }
        return held <= version.rawValue && texts.isSame(room, [view])
    }

    func addStranger(_ number: Int) {
        let stranger = HostileClient(pid: table.newPid(), number: number, self, dice: &dice)
        table.add(stranger)
        scheduler.after(.milliseconds(dice.below(2000)), for: stranger) { [weak stranger] in stranger?.start() }
    }

    /// The back that has a channel now; nil while none has.
    private func owner(of channel: String) -> SimulatedBack? {
        table.backs.first { back in !isGhost(back) && back.core.hasChannel(channel) }
    }

    /// What the channel's back has; nil while none has it.
    func state(of channel: String) -> (Version, [UInt8])? { owner(of: channel)?.core.encodedState(of: channel) }

    /// An audience that a client holds and should not, the other way round, or with other rows; nil if all is right.
    func wrongAudience(_ client: SimulatedClient, _ room: ClientRoom) -> UInt64? {
        guard let session = client.ledger.session, let core = owner(of: room.channel)?.core else {
            return Audience.everyone.wireNumber
        }
        let wanted = core.audiences(of: session, in: room.channel) ?? []
        if let other = Set(wanted.map(\.wireNumber)).symmetricDifference(room.mirror.audiences).min() { return other }
        return wanted.first {
            room.mirror.encoded(audience: $0.wireNumber) != core.encodedState(of: room.channel, for: $0)
        }?.wireNumber
    }

    /// Lets go of everything: worlds hold themselves together.
    func release() {
        scheduler.finish()
        network.release()
        table.release()
        clients = []
        texts.clients = []
        ghosts = []
    }
}
