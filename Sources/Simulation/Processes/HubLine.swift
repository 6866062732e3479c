import Core
import FoundationEssentials
import State

/// What a simulated process hears from its hub.
protocol HubLineOwner: AnyObject {
    func hubOpened()
    func hubSaid(_ message: DirectoryMessage)
    /// A duplicate of a public listener came.
    func hubGaveListener()
    func hubSaidStop()
    /// Move the clients elsewhere, then end. Fronts alone are told so.
    func hubSaidDrain(within deadline: Duration)
}

/// A process's line to its hub, as `HubLink` keeps it: opened, proved, announced, and opened again when the hub comes back.
final class HubLine: SimulatedStreamOwner {
    private enum Phase {
        case down
        case connecting(SimulatedStream)
        case opening(SimulatedStream, ConnectorHandshake)
        case open(SimulatedStream)
    }

    static let address = "hub"

    private unowned let process: SimulatedProcess
    private let world: World
    private let role: Role
    private let incarnation: Incarnation
    private let announcement: Announcement
    private weak var owner: (any HubLineOwner)?
    private var phase = Phase.down
    private var reader = FrameReader(limit: Limits.nodeFrameBytes)
    private var backoff: Backoff
    private var dice: Dice

    init(
        _ process: SimulatedProcess, _ world: World, _ role: Role, _ incarnation: Incarnation,
        _ announcement: Announcement, seed: UInt64, owner: any HubLineOwner
    ) {
        self.process = process
        self.world = world
        self.role = role
        self.incarnation = incarnation
        self.announcement = announcement
        self.owner = owner
        backoff = Backoff(first: .milliseconds(50), limit: .seconds(1), seed: seed)
        dice = Dice(seed: seed &+ 1)
    }

    func connect() {
        phase = .connecting(world.network.connect(to: Self.address, by: process, owner: self))
    }

    /// Gives a public listener to a hub that is newer than it.
    func giveListener() { send(.listener) { ListenerMessage(address: World.publicAddress).encode(into: &$0) } }

    private func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        guard case .open(let stream) = phase else { return }
        var writer = ByteWriter()
        writer.frame(kind, body)
        if stream.offer(writer.bytes) == .refusedFull { stream.close() }
    }

    // MARK: SimulatedStreamOwner

    func streamOpened(_ stream: SimulatedStream) {
        let greeting = Greeting(
            role: role, name: announcement.name, incarnation: incarnation, nonce: Nonce(using: &dice))
        let handshake = ConnectorHandshake(greeting: greeting, key: world.key)
        reader = FrameReader(limit: Limits.nodeFrameBytes)
        phase = .opening(stream, handshake)
        _ = stream.offer(handshake.opening)
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        do throws(Farewell) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(Farewell) in
                try reader.receive(
                    UnsafeRawBufferPointer(bytes), { (frame) throws(Farewell) in try take(frame, on: stream) },
                    failed: { Farewell($0) })
            }
        } catch {
            world.peers.nodeEnded(process.name, error)
            stream.close()
        }
    }

    func streamDrained(_ stream: SimulatedStream) {}

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        phase = .down
        world.scheduler.after(max(.milliseconds(1), backoff.next()), for: process) { [weak self] in self?.connect() }
    }

    private func take(_ frame: Frame, on stream: SimulatedStream) throws(Farewell) {
        switch phase {
        case .down, .connecting: return
        case .opening(_, var handshake):
            switch try handshake.receive(frame) {
            case .send(let bytes):
                phase = .opening(stream, handshake)
                _ = stream.offer(bytes)
            case .accepted:
                phase = .open(stream)
                backoff.reset()
                send(.announce) { $0.text(WorldJSON.text(announcement)) }
                owner?.hubOpened()
            }
        case .open:
            do {
                try heard(frame)
            } catch let error as WireError {
                throw Farewell(error)
            } catch {
                throw Farewell(.goingAway, "\(error)")
            }
        }
    }

    private func heard(_ frame: Frame) throws {
        switch frame.kind {
        case .directory:
            let text = try frame.decode { (reader) throws(WireError) in try reader.text() }
            guard let message = WorldJSON.decode(DirectoryMessage.self, text) else {
                throw WireError.invalid("the directory's JSON")
            }
            owner?.hubSaid(message)
        case .listener: owner?.hubGaveListener()
        case .stop: owner?.hubSaidStop()
        case .drain: owner?.hubSaidDrain(within: try frame.decode(DrainMessage.init(from:)).deadline)
        case .bye: throw try frame.decode(Bye.init(from:)).farewell
        default: break
        }
    }
}

/// The JSON of control messages, as the real shells write it.
enum WorldJSON {
    static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        // A dictionary's order differs from run to run; the world's must not.
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ text: String) -> T? {
        try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
