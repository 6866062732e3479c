import Core
import State

/// A front process: the front's core between simulated clients and trunks, as `FrontShell` keeps it.
final class SimulatedFront: SimulatedProcess, HubLineOwner {
    let world: World
    var core: FrontCore
    private(set) var clients: FrontClients!
    private(set) var trunks: FrontTrunks!
    private var hub: HubLine?
    private var holdsListener = false
    private var isPumping = false
    private var isStopping = false

    init(pid: Int32, name: String, _ world: World, dice: inout Dice) {
        self.world = world
        let lead = Duration.microseconds(Int64(dice.below(1 << 30)))
        let incarnation = Incarnation(rawValue: dice.next())
        let seconds = (world.scheduler.now + lead).nanoseconds / 1_000_000_000
        var settings = FrontCore.Settings(
            name: name, incarnation: incarnation, key: world.key, unixSecondsAtZero: world.unixSeconds - seconds)
        settings.flushInterval = world.flushInterval
        // In every other world a turn writes to two clients, and much happens between two turns.
        if world.plan.seed % 2 == 1 {
            settings.writeBytesPerTurn = 2 * Limits.writeCostBytes
            settings.turnPause = .microseconds(400)
        }
        core = FrontCore(settings: settings, seed: dice.next())
        super.init(pid: pid, name: name, world.scheduler, world.network, clockLead: lead)
        clients = FrontClients(self)
        trunks = FrontTrunks(self)
        hub = HubLine(
            self, world, .front, incarnation,
            Announcement(role: "front", name: name, pid: pid, state: "ready", takesClients: true), seed: dice.next(),
            owner: self)
    }

    func start() {
        hub?.connect()
        secondPassed()
        pump()
    }

    /// Tells its clients to go elsewhere, and ends.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        core.stop(Farewell(.goingAway, "the front stops"), now: now)
        isPumping = false
        pump()
        exit(.code(0))
    }

    override func ended() {
        hub = nil
        clients?.release()
        trunks?.release()
    }

    // MARK: The core's wishes

    func pump() {
        guard !isPumping, isAlive else { return }
        isPumping = true
        defer { isPumping = false }
        while mayGoOn() {
            guard let directive = core.nextDirective() else {
                guard core.owesAnything() else { break }
                clients.writeOwed()
                continue
            }
            switch directive {
            case .observed(let channel, let observation): observed(channel, observation)
            case .close(let id): clients.close(id)
            case .pauseReading(let id): clients.stream(id)?.pauseReading()
            case .resumeReading(let id): clients.stream(id)?.resumeReading(sparingly: true)
            case .admit(let id, _, _): admit(id)
            case .http(let id, _): core.answer(id, HTTPResponse(status: 404, text: "nothing here\n"), now: now)
            case .connect(let id, let address): trunks.connect(id, address)
            case .send(let id, let bytes): trunks.send(id, bytes)
            case .closeTrunk(let id): trunks.close(id)
            }
        }
        guard isAlive else { return }
        if core.drain?.isDone == true, !isStopping { return stop() }
        world.epochs.look(at: self)
        arm(core.nextDeadline) { [weak self] in self?.timeCame() }
    }

    /// The application is asked, which takes its time.
    private func admit(_ id: ConnectionID) {
        world.scheduler.after(.microseconds(Int64(world.dice.below(3000))), for: self) { [weak self] in
            guard let self else { return }
            self.core.admitted(id, claims: [], now: self.now)
            self.pump()
        }
    }

    private func observed(_ channel: ChannelID, _ observation: FrontCore.Observation) {
        guard case .message(let data) = observation else { return }
        world.messages.cameToFront(self, channel.text, data)
    }

    private func timeCame() {
        core.tick(now: now)
        pump()
    }

    private func secondPassed() {
        clients.noteProgress()
        world.scheduler.after(.seconds(1), for: self) { [weak self] in self?.secondPassed() }
    }

    // MARK: The hub

    func hubOpened() { if holdsListener { hub?.giveListener() } }

    func hubSaid(_ message: DirectoryMessage) {
        world.trace {
            "\(self.name): directory \(message.backs.map { "\($0.name)@\($0.address ?? "-") e\($0.epoch)" })"
        }
        let isTaken = core.directoryChanged(message, now: now)
        world.epochs.told(self, message, isTaken: isTaken)
        pump()
    }

    func hubGaveListener() {
        guard !holdsListener, core.drain == nil else { return }
        holdsListener = true
        world.network.listen(at: World.publicAddress, by: self) { [weak self] make in self?.clients.accept(make) }
    }

    func hubSaidStop() { stop() }

    func hubSaidDrain(within deadline: Duration) {
        world.trace { "\(self.name): is drained within \(deadline)" }
        world.network.stopListening(at: World.publicAddress, by: self)
        core.drain(within: deadline, now: now)
        pump()
    }
}
