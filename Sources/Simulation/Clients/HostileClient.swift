import Core
import State

/// Somebody who sends what he should not, to whatever port he finds: noise, halves of handshakes, and conversations of a real
/// client with bits flipped, pieces doubled and left out. He must end nothing but his own connections.
final class HostileClient: SimulatedProcess, SimulatedStreamOwner {
    private enum Mood: CaseIterable {
        case noise, prefaceAndNoise, headAndNoise, brokenClient, wrongKey
    }

    private let world: World
    private var dice: Dice
    private var stream: SimulatedStream?
    private var core: ClientCore?
    private var tryNumber: TryNumber?
    private var mood = Mood.noise

    init(pid: Int32, number: Int, _ world: World, dice: inout Dice) {
        self.world = world
        self.dice = Dice(seed: dice.next())
        super.init(pid: pid, name: "stranger-\(number)", world.scheduler, world.network, clockLead: .zero)
    }

    func start() {
        guard world.areFaultsOn else { return }
        world.tally.hostileConnections += 1
        mood = Mood.allCases[dice.below(Mood.allCases.count)]
        let ports =
            mood == .brokenClient ? [World.publicAddress] : [World.publicAddress, HubLine.address] + backAddresses
        let address = ports[dice.below(ports.count)]
        stream = world.network.connect(to: address, by: self, owner: self, path: .far)
    }

    private var backAddresses: [String] { world.table.backs.map(\.address) }

    func streamOpened(_ stream: SimulatedStream) {
        switch mood {
        case .noise: say(noise())
        case .prefaceAndNoise: say(Preface.bytes + noise())
        case .headAndNoise: say(Array("GET /connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n".utf8) + noise())
        case .wrongKey:
            guard let key = ClusterKey(bytes: [UInt8](repeating: 8, count: 32)) else { return }
            let greeting = Greeting(
                role: .front, name: "front-1", incarnation: Incarnation(rawValue: dice.next()),
                nonce: Nonce(using: &dice))
            say(ConnectorHandshake(greeting: greeting, key: key).opening)
        case .brokenClient: beginConversation()
        }
        world.scheduler.after(.milliseconds(dice.below(800)), for: self) { [weak self] in self?.carryOn(stream) }
    }

    /// Says more, and sooner or later goes away and comes again.
    private func carryOn(_ old: SimulatedStream) {
        guard world.areFaultsOn, let stream, stream === old, !stream.isClosed else { return }
        if dice.chance(1, in: 3) { return stream.close() }
        if core == nil { say(noise()) } else { speak() }
        world.scheduler.after(.milliseconds(20 + dice.below(800)), for: self) { [weak self] in self?.carryOn(old) }
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        guard core != nil, let tryNumber else { return }
        bytes.withUnsafeMutableBytes { core?.receive($0, on: tryNumber, now: now) }
        pump()
    }

    func streamDrained(_ stream: SimulatedStream) {}

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        self.stream = nil
        core = nil
        world.scheduler.after(.milliseconds(100 + dice.below(1500)), for: self) { [weak self] in self?.start() }
    }

    // MARK: A conversation that goes wrong

    private func beginConversation() {
        let transport: ClientTransport = dice.chance(1, in: 2) ? .plain : .webSocket(host: "here", path: "/connect")
        var core = ClientCore(settings: ClientSettings(transport: transport), seed: dice.next())
        core.start(now: now)
        for channel in world.plan.channels { try? core.read(channel, now: now) }
        try? core.write(world.plan.channels[0], now: now)
        self.core = core
        pump()
    }

    private func speak() {
        _ = core?.send(Array("no wish".utf8), to: world.plan.channels[0], now: now)
        pump()
    }

    private func pump() {
        while let directive = core?.nextDirective() {
            switch directive {
            case .connect(let number):
                tryNumber = number
                core?.connected(number, now: now)
            case .send(_, let bytes): say(damaged(bytes))
            case .close: stream?.close()
            case .tell: break
            }
        }
    }

    private func damaged(_ bytes: [UInt8]) -> [UInt8] {
        guard dice.chance(1, in: 4), !bytes.isEmpty else { return bytes }
        var bytes = bytes
        let place = dice.below(bytes.count)
        switch dice.below(4) {
        case 0: bytes[place] ^= 1 << UInt8(dice.below(8))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: bytes[place...], at: place)
        default: bytes.removeSubrange(place...)
        }
        return bytes
    }

    private func say(_ bytes: [UInt8]) { _ = stream?.offer(bytes) }

    private func noise() -> [UInt8] {
        (0..<(1 + dice.below(dice.chance(1, in: 10) ? 5000 : 60))).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
    }
}
