import Core
import State

/// One client program of the binary form: the client's core over simulated streams, as `ClientShell` keeps it.
final class SimulatedClient: SimulatedProcess, SimulatedStreamOwner {
    private let world: World
    private(set) var core: ClientCore
    /// Its place among the clients.
    let number: Int
    let isPlain: Bool
    private var socket: (number: TryNumber, stream: SimulatedStream)?
    private var isPumping = false
    /// How much it reads at most in one go and how long it rests then; nil reads at once.
    private var slowness: (byteCount: Int, rest: Duration)?
    /// What was held when the bytes came whose events are being told.
    private var heldBefore: [String: (lineage: Lineage, version: Version)] = [:]
    /// Channels that it ceased to read since it connected.
    private var unreadHere: Set<String> = []
    let ledger: InputLedger

    init(pid: Int32, number: Int, transport: ClientTransport, policy: UndecidedPolicy, _ world: World, dice: inout Dice)
    {
        self.world = world
        self.number = number
        isPlain = transport == .plain
        ledger = InputLedger(client: number, policy: policy)
        var settings = ClientSettings(transport: transport)
        settings.undecided = policy
        core = ClientCore(settings: settings, seed: dice.next())
        super.init(
            pid: pid, name: "client-\(number)", world.scheduler, world.network,
            clockLead: .microseconds(Int64(dice.below(1 << 30))))
    }

    // MARK: Wishes

    func start() { change { $0.start(now: $1) } }

    func read(_ channel: String) {
        do throws(Farewell) { try core.read(channel, now: now) } catch { world.fail(.g9, "\(name): read: \(error)") }
        pump()
    }

    func unread(_ channel: String) {
        world.trace { "\(self.name): reads \(channel) no more" }
        ledger.noteOwnEnd(of: channel, at: now)
        unreadHere.insert(channel)
        world.states.forget(self, channel)
        change { $0.unread(channel, now: $1) }
    }

    func write(_ channel: String?) {
        world.trace { "\(self.name): wants to write to \(channel ?? "nothing")" }
        if let old = core.writer { ledger.noteOwnEnd(of: old, at: now) }
        do throws(Farewell) { try core.write(channel, now: now) } catch { world.fail(.g9, "\(name): write: \(error)") }
        pump()
    }

    /// Says a wish to the channel that it writes to.
    func send(_ kind: Wish.Kind, key: Int, value: Int, to channel: String) {
        let wish = Wish(
            client: number, index: ledger.nextIndex, channel: world.plan.place(of: channel), kind: kind, key: key,
            value: value)
        // Some cannot wait for company.
        let pace: InputPace = wish.index % 7 == 0 ? .immediate : .batched
        switch core.send(wish.bytes, to: channel, pace: pace, now: now) {
        case .queued(let ticket): ledger.sent(wish, channel, ticket, at: now)
        case .refused: world.tally.inputsNotTaken += 1
        }
        pump()
    }

    /// Says something beside its inputs, to a channel or to all that it reads (nil).
    func say(_ kind: Saying.Kind, to channel: String?) {
        ledger.sayingCount += 1
        let saying = Saying(client: number, number: ledger.sayingCount, kind: kind, nextIndex: ledger.nextIndex)
        _ = core.say(saying.bytes, to: channel.map { [$0] } ?? [], now: now)
        pump()
    }

    func close() { change { $0.close(now: $1) } }

    // MARK: What faults do

    /// Reads at most so many bytes and rests so long then, or as fast as it can.
    func slowDown(_ slowness: (byteCount: Int, rest: Duration)?) {
        self.slowness = slowness
        if slowness == nil { socket?.stream.resumeReading() }
    }

    var isSlow: Bool { slowness != nil }
    var stream: SimulatedStream? { socket?.stream }

    // MARK: The core's wishes

    private func change(_ body: (inout ClientCore, Instant) -> Void) {
        guard isAlive else { return }
        body(&core, now)
        pump()
    }

    private func pump() {
        guard !isPumping, isAlive else { return }
        isPumping = true
        while mayGoOn(), let directive = core.nextDirective() {
            switch directive {
            case .connect(let number): connect(number)
            case .send(let number, let bytes): send(number, bytes)
            case .close(let number): close(number)
            case .tell(let event): told(event)
            }
        }
        isPumping = false
        guard isAlive else { return }
        arm(core.nextDeadline.map { $0 + .microseconds(500) }) { [weak self] in self?.change { $0.tick(now: $1) } }
    }

    private func connect(_ number: TryNumber) {
        unreadHere = []
        let stream = world.network.connect(to: World.publicAddress, by: self, owner: self, path: .far)
        socket = (number, stream)
    }

    private func send(_ number: TryNumber, _ bytes: [UInt8]) {
        guard let socket, socket.number == number else { return }
        if socket.stream.offer(bytes) == .refusedFull { socket.stream.close() }
    }

    private func close(_ number: TryNumber) {
        guard let socket, socket.number == number else { return }
        socket.stream.closeAfterWriting()
        self.socket = nil
    }

    // MARK: The stream

    func streamOpened(_ stream: SimulatedStream) {
        guard let socket, socket.stream === stream else { return }
        change { $0.connected(socket.number, now: $1) }
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        guard let socket, socket.stream === stream else { return }
        for room in core.rooms { heldBefore[room.channel] = room.lineage.map { ($0, room.version) } }
        bytes.withUnsafeMutableBytes { core.receive($0, on: socket.number, now: now) }
        pump()
        guard let slowness else { return }
        stream.pauseReading()
        let rest = slowness.rest * (Double(bytes.count) / Double(max(1, slowness.byteCount)))
        world.scheduler.after(rest, for: self) { [weak stream] in stream?.resumeReading() }
    }

    func streamDrained(_ stream: SimulatedStream) {}

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        guard let socket, socket.stream === stream else { return }
        self.socket = nil
        change { $0.disconnected(socket.number, now: $1) }
    }

    // MARK: What it is told

    private func told(_ event: ClientEvent) {
        switch event {
        case .status(let status):
            world.trace { "\(self.name): \(status)" }
            world.peers.clientSaid(self, status)
        case .welcomed(let session, _): ledger.session = session
        case .committed(let channel, _):
            world.trace {
                "\(self.name): \(channel) is at \(self.core.room(channel)?.version ?? .nothing) of \(self.core.room(channel)?.lineage?.description ?? "-")"
            }
            world.states.committed(self, channel)
        case .gap(let channel):
            // What answers a read that was taken back looks like the answer to the next one; the client reads anew then.
            world.trace { "\(self.name): a gap in \(channel), which is read anew" }
            guard !unreadHere.contains(channel) else { return world.states.forget(self, channel) }
            world.fail(.g3, "\(name) found a gap in \(channel)")
        case .unlinked(let channel, let farewell, let isFinal):
            world.trace { "\(self.name): \(channel) unlinked: \(farewell.code.name), \(farewell.reason)" }
            world.peers.clientUnlinked(self, channel, farewell, isFinal: isFinal)
        case .granted(let channel, let grant, let isNew):
            world.trace { "\(self.name): may write to \(channel) under \(grant)\(isNew ? ", a new grant" : "")" }
        case .settled(let channel, let ticket, let outcome):
            world.inputs.settled(ledger, channel, ticket, outcome, now: now)
        case .message(let channel, let version, let data):
            world.states.messageCame(self, channel, version, data, heldBefore: heldBefore[channel])
        case .attached(let channel, _):
            // The answer to a read that was taken back looked like this one's; everything comes anew.
            if unreadHere.contains(channel) { world.states.forget(self, channel) }
            world.trace {
                "\(self.name): attached to \(channel), holding \(self.core.room(channel)?.version ?? .nothing)"
            }
        }
    }
}
