import Core
import State

/// A back process: the back's core between simulated trunks, as `BackShell` keeps it.
final class SimulatedBack: SimulatedProcess, SimulatedStreamOwner, HubLineOwner {
    private let world: World
    private(set) var core: BackCore
    /// Where it takes trunks.
    let address: String
    private var streams: [TrunkID: SimulatedStream] = [:]
    private var lastTrunk: UInt64 = 0
    private var hub: HubLine?
    private let families: [String]

    init(pid: Int32, name: String, epoch: Epoch, _ world: World, _ families: [ChannelFamily], dice: inout Dice) {
        self.world = world
        address = name + ".trunks"
        self.families = families.map(\.pattern.description)
        core = BackCore(
            identity: .init(
                name: name, incarnation: Incarnation(rawValue: dice.next()), epoch: epoch, key: world.key),
            families: families, seed: dice.next())
        super.init(
            pid: pid, name: name, world.scheduler, world.network, clockLead: .microseconds(Int64(dice.below(1 << 30))))
        hub = HubLine(
            self, world, .back, core.identity.incarnation,
            Announcement(
                role: "back", name: name, pid: pid, address: address, families: self.families, epoch: "\(epoch)",
                state: "ready"), seed: dice.next(), owner: self)
    }

    var epoch: Epoch { core.identity.epoch }

    /// Listens and announces itself: the program has come up.
    func start() {
        world.network.listen(at: address, by: self) { [weak self] make in self?.accept(make) }
        hub?.connect()
    }

    /// Says goodbye and ends.
    func stop() {
        core.stop(now: now)
        pump()
        exit(.code(0))
    }

    override func ended() { hub = nil }

    // MARK: Trunks

    private func accept(_ make: (any SimulatedStreamOwner) -> SimulatedStream) {
        let stream = make(self)
        lastTrunk += 1
        stream.tag = lastTrunk
        stream.queueLimitBytes = Limits.trunkBacklogBytes
        streams[TrunkID(rawValue: lastTrunk)] = stream
        core.trunkOpened(TrunkID(rawValue: lastTrunk), now: now)
        pump()
    }

    func streamOpened(_ stream: SimulatedStream) {}

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        bytes.withUnsafeBytes { core.receive($0, on: TrunkID(rawValue: stream.tag), now: now) }
        pump()
    }

    func streamDrained(_ stream: SimulatedStream) { core.trunkUnsent(TrunkID(rawValue: stream.tag), byteCount: 0) }

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        guard streams.removeValue(forKey: TrunkID(rawValue: stream.tag)) != nil else { return }
        core.trunkClosed(TrunkID(rawValue: stream.tag), now: now)
        pump()
    }

    // MARK: The core's wishes

    private func pump() {
        while mayGoOn(), let directive = core.nextDirective() {
            switch directive {
            case .send(let id, let bytes): send(bytes, on: id)
            case .job: break
            case .close(let id, let farewell):
                world.trace { "\(self.name): trunk \(id) ends: \(farewell.code.name), \(farewell.reason)" }
                if let stream = streams[id] {
                    world.peers.trunkEnded(by: name, farewell, peer: stream.peer?.process)
                    stream.closeAfterWriting()
                }
            }
        }
        guard isAlive else { return }
        world.limits.look(at: self)
        arm(core.nextDeadline) { [weak self] in self?.gridFired() }
    }

    private func send(_ bytes: [UInt8], on id: TrunkID) {
        guard let stream = streams[id] else { return }
        let bytes = world.tapped(bytes, stream, .trunkDown)
        if stream.offer(bytes) == .refusedFull {
            world.trace { "\(self.name): trunk \(id) does not read; it is given up" }
            stream.close()
        } else {
            core.trunkUnsent(id, byteCount: stream.queuedByteCount)
        }
    }

    private func gridFired() {
        let due = now
        while let channel = core.tick(now: due) {
            world.ticked(self, channel)
            guard mayGoOn() else { return }
        }
        pump()
    }

    // MARK: The hub

    func hubOpened() {}
    func hubSaid(_ message: DirectoryMessage) {}
    func hubGaveListener() {}
    func hubSaidStop() { stop() }
    func hubSaidDrain(within deadline: Duration) {}

    var trunkStreams: [SimulatedStream] { streams.keys.sorted().compactMap { streams[$0] } }
}
