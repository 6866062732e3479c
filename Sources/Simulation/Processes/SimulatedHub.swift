import Core
import State

/// The hub: its core between the simulated process table and the processes' lines, as `HubShell` keeps it.
final class SimulatedHub: SimulatedProcess {
    private let world: World
    private(set) var core: HubCore
    private var peers: [HubConnectionID: HubPeer] = [:]
    private var peerCount: UInt64 = 0
    private(set) var hasListener = false
    private let incarnation: Incarnation
    private let epoch: Epoch
    private let known: [ProcessRecord]
    private var noncesFrom: Dice

    /// - Parameter hasListener: the hub before it has handed over.
    init(pid: Int32, _ world: World, specs: [ProcessSpec], hasListener: Bool, dice: inout Dice) {
        self.world = world
        let ledger = world.disk.beginReign()
        world.epochs.reignBegan(ledger.term)
        epoch = ledger.latest
        self.hasListener = hasListener
        known = world.disk.living(world.table.isAlive)
        incarnation = Incarnation(rawValue: dice.next())
        noncesFrom = Dice(seed: dice.next())
        let lead = Duration.microseconds(Int64(dice.below(1 << 30)))
        core = HubCore(
            specs: specs, known: known, ledger: ledger,
            facts: .init(pid: pid, version: "simulated", listen: [World.publicAddress]), seed: dice.next(),
            now: world.scheduler.now + lead)
        super.init(pid: pid, name: "hub", world.scheduler, world.network, clockLead: lead)
    }

    func start() {
        world.network.listen(at: HubLine.address, by: self) { [weak self] make in self?.accept(make) }
        for record in known {
            world.table.watch(record) { [weak self] in
                guard let self else { return }
                self.drive { $0.exited(record.name, .unknown, now: $1) }
            }
        }
        awaitListener()
        drive { $0.timePassed(now: $1) }
    }

    /// A listener that fronts of an earlier hub hold is given back by them, or bound when they are gone.
    private func awaitListener() {
        guard !hasListener else { return }
        if world.network.isListening(at: World.publicAddress) {
            world.scheduler.after(.milliseconds(200), for: self) { [weak self] in self?.awaitListener() }
        } else {
            hasListener = true
            drive { core, _ in core.listenersChanged() }
        }
    }

    override func ended() { peers = [:] }

    // MARK: What an operator wants

    /// False if it is not to be had now.
    func drain(_ front: String, within deadline: Duration, then: DrainOrder.Then) -> Bool {
        var isBegun = false
        drive { core, now in
            do throws(Farewell) {
                try core.drain(front, within: deadline, then: then, now: now)
                isBegun = true
            } catch {}
        }
        return isBegun
    }

    /// Starts a front that was drained. False if it is not there to be started.
    func startAgain(_ front: String) -> Bool {
        var isBegun = false
        drive { core, now in
            do throws(Farewell) {
                try core.start(front, now: now)
                isBegun = true
            } catch {}
        }
        return isBegun
    }

    /// Another hub takes over: nothing is decided here any more.
    func leave() {
        world.disk.save(core.leave())
        exit(.code(0))
    }

    // MARK: Core

    private func drive(_ event: (inout HubCore, Instant) -> Void) {
        guard isAlive else { return }
        event(&core, now)
        while mayGoOn(), let directive = core.nextDirective() { perform(directive) }
        guard isAlive else { return }
        arm(core.nextDeadline) { [weak self] in self?.drive { $0.timePassed(now: $1) } }
    }

    private func perform(_ directive: HubDirective) {
        switch directive {
        case .spawn(let spec, let epoch): spawn(spec, epoch)
        case .signal(_, let pid, let signal): world.table.signal(pid, signal)
        case .sendStop(let to, let grace): peers[to]?.send(.stop) { StopMessage(grace: grace).encode(into: &$0) }
        case .sendListeners(let to): sendListener(to)
        case .sendDirectory(let message, let fronts):
            let text = WorldJSON.text(message)
            for front in fronts { peers[front]?.send(.directory) { $0.text(text) } }
        case .refuse(let id, let reason): peers[id]?.end(reason)
        case .sendDrain(let to, let deadline):
            peers[to]?.send(.drain) { DrainMessage(deadline: deadline).encode(into: &$0) }
        case .saveProcesses(let table): world.disk.save(table)
        default: world.trace { "hub: \(directive)" }
        }
    }

    private func spawn(_ spec: ProcessSpec, _ epoch: Epoch?) {
        if let epoch { world.disk.record(EpochLedger(term: epoch.term, counter: epoch.assignment)) }
        let process = world.spawn(spec, epoch: epoch) { [weak self] exit in
            self?.drive { $0.exited(spec.name, exit, now: $1) }
        }
        core.spawned(spec.name, pid: process.pid, startTime: process.startTime, now: now)
    }

    private func sendListener(_ to: HubConnectionID) {
        guard hasListener else { return }
        peers[to]?.send(.listener) { ListenerMessage(address: World.publicAddress).encode(into: &$0) }
    }

    // MARK: Connections

    private func accept(_ make: (any SimulatedStreamOwner) -> SimulatedStream) {
        peerCount += 1
        let id = HubConnectionID(peerCount)
        let handshake = AcceptorHandshake(
            name: "hub", incarnation: incarnation, nonce: Nonce(using: &noncesFrom), key: world.key)
        let peer = HubPeer(id, handshake, epoch: epoch)
        peer.onMessage = { [weak self] in self?.receive($0, from: id) }
        peer.onClosed = { [weak self] reason in self?.closed(id, reason) }
        peers[id] = peer
        peer.begin(make(peer))
        world.scheduler.after(Limits.handshake, for: self) { [weak peer] in peer?.handshakeTimePassed() }
    }

    private func receive(_ message: HubPeer.Message, from id: HubConnectionID) {
        switch message {
        case .announced(let announcement): drive { $0.announced(announcement, from: id, now: $1) }
        case .gaveListener:
            guard !hasListener else { return }
            hasListener = true
            drive { core, _ in core.listenersChanged() }
        }
    }

    private func closed(_ id: HubConnectionID, _ reason: Farewell?) {
        peers[id] = nil
        if let reason { core.connectionRefused(reason) }
        drive { $0.connectionLost(id, now: $1) }
    }
}
