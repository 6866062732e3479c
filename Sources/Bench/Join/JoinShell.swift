import Core
import FoundationEssentials
import Glibc
import Loop
import Node
import State

/// A load generator of clients that come in: `bench-join COUNT ADDRESS …`. Told to measure, it lets them in on an even schedule; told
/// again, it cuts them off one by one and each resumes with its token and what it holds. A join counts from when it was meant to begin
/// to the mark that makes the client whole.
final class JoinShell: StreamOwner {
    private final class Client {
        var core = BenchClient()
        var stream: Loop.Stream?
        var token: [UInt8] = []
        var held: Held?
        var attachCount: UInt64 = 0
        /// When the join that is under way was meant to begin; nil: none is.
        var dueAt: UInt64?
        var byteCount: UInt64 = 0
    }

    private let loop: EventLoop
    private let addresses: [SocketAddress]
    private let clients: [Client]
    private var turns: EvenTurns?
    private var startedCount = 0
    private var joinedCount = 0
    private var toldCount = 0
    private var tally = DeliveryTally()
    private var watchers: [AnyObject] = []
    private var pace: GridTimer?
    private var control: ControlSocket!
    private var dice = SystemRandomNumberGenerator()

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        let addresses = arguments.dropFirst().compactMap { SocketAddress($0) }
        guard let count = arguments.first.flatMap({ Int($0) }), count > 0, !addresses.isEmpty else {
            return BenchCommand.complain("bench-join needs COUNT ADDRESS …", 2)
        }
        return await onLoopThread {
            do {
                let loop = try EventLoop()
                let shell = try JoinShell(loop, count, addresses)
                // Kept for as long as the loop runs.
                return withExtendedLifetime(shell) {
                    loop.run()
                    return 0
                }
            } catch {
                return BenchCommand.complain("a load generator: \(error)", 1)
            }
        }
    }

    private init(_ loop: EventLoop, _ count: Int, _ addresses: [SocketAddress]) throws {
        self.loop = loop
        self.addresses = addresses
        clients = (0..<count).map { _ in Client() }
        control = try ControlSocket(
            BenchClients.controlDescriptor, on: loop, heard: { [unowned self] in heard($0) },
            ended: { [unowned self] in self.loop.stop() })
        pace = try GridTimer(on: loop) { [unowned self] in joinDue() }
        if let lifeline = NodeEnvironment.lifeline {
            watchers.append(try DescriptorWatcher(lifeline, on: loop) { [unowned self] in self.loop.stop() })
        }
        loop.onTurnEnd { [unowned self] in tellJoined() }
    }

    /// A window begins a round: its start is when the first is due, its period the time between two.
    private func heard(_ line: ControlLine) {
        guard case .measure(let start, _, let period) = line else { return }
        (startedCount, joinedCount, toldCount) = (0, 0, 0)
        tally = DeliveryTally()
        tally.clients = clients.count
        turns = EvenTurns(base: start, period: period * UInt64(clients.count), count: clients.count)
        pace?.arm(atNanoseconds: start)
    }

    private func joinDue() {
        while startedCount < clients.count, let (place, due) = turns?.next(loop.nowNanoseconds) {
            startedCount += 1
            join(clients[place], place, due)
        }
        if startedCount < clients.count, let next = turns?.nextAt { pace?.arm(atNanoseconds: next) }
    }

    private func join(_ client: Client, _ place: Int, _ due: UInt64) {
        // What comes of the old connection's end is not the new one's business.
        let old = client.stream
        client.stream = nil
        old?.close()
        client.core = BenchClient()
        client.attachCount += 1
        client.dueAt = due
        client.byteCount = 0
        do {
            client.stream = try Loop.Stream.connect(
                to: addresses[place % addresses.count], on: loop, owner: self, tag: UInt32(place))
        } catch {
            control.say(.failed("client \(place + 1) could not connect: \(error)"))
        }
    }

    private func tellJoined() {
        guard joinedCount > toldCount else { return }
        toldCount = joinedCount
        control.say(joinedCount == clients.count ? .tallied(tally) : .joined(joinedCount))
    }

    // MARK: Clients

    private func client(_ stream: Loop.Stream) -> Client? {
        let client = clients[Int(stream.tag)]
        return client.stream === stream ? client : nil
    }

    func streamOpened(_ stream: Loop.Stream) {
        guard let client = client(stream) else { return }
        let upgrade = WebSocketClientUpgrade(
            host: stream.peer.map { "\($0)" } ?? "127.0.0.1", path: "/connect", subprotocols: ["switchback.1"],
            nonce: (0..<16).map { _ in dice.next() })
        client.core.phase = .upgrading(HTTPResponseHeadReader())
        stream.tune(noDelay: true)
        send(upgrade.requestBytes(), on: stream)
    }

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        guard let client = client(stream) else { return }
        if client.dueAt != nil { client.byteCount += UInt64(bytes.count) }
        // The loop's read buffer is ours until this call returns.
        client.core.receive(UnsafeMutableRawBufferPointer(mutating: bytes), rowByteCount: Payload.slotByteCount) {
            took($0, client, stream)
        }
    }

    func streamDrained(_ stream: Loop.Stream) {}

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        guard let client = client(stream) else { return }
        client.stream = nil
        tally.closed += 1
        tally.reason = tally.reason ?? "\(end)"
        control.say(.failed("client \(stream.tag + 1) was lost: \(tally.reason ?? "")"))
    }

    private func took(_ heard: BenchClient.Heard, _ client: Client, _ stream: Loop.Stream) {
        switch heard {
        case .welcome(let token): client.token = token
        case .attached(let lineage):
            let version = client.held.map { $0.lineage == lineage ? $0.version : .nothing } ?? .nothing
            client.held = Held(lineage: lineage, version: version, audiences: [.everyone])
        case .granted, .acked: break
        case .tick(let step):
            if client.held != nil, step.base > client.held!.version.rawValue { tally.gaps += 1 }
            client.held?.version = Version(rawValue: step.version)
            joined(client)
        case .ping(let payload): send(payload, as: .pong, on: stream)
        case .sayHello:
            let hello = Hello(
                attach: AttachNumber(rawValue: client.attachCount), token: client.token,
                reads: [Read(channel: BenchBack.channels(1)[0], held: client.held)], write: "")
            var writer = ByteWriter()
            writer.frame(.hello) { hello.encode(into: &$0) }
            send(writer.bytes, as: .binary, on: stream)
        case .over(let reason):
            tally.reason = tally.reason ?? reason
            stream.close()
        }
    }

    private func joined(_ client: Client) {
        guard let due = client.dueAt else { return }
        client.dueAt = nil
        client.core.phase = .reading
        let now = loop.nowNanoseconds
        tally.latency.record(now > due ? now - due : 0)
        tally.deliveries += 1
        tally.byteCount += client.byteCount
        joinedCount += 1
    }

    private func send(_ payload: [UInt8], as opcode: WebSocketOpcode, on stream: Loop.Stream) {
        var writer = ByteWriter()
        payload.withUnsafeBytes { WebSocketWriter.masked(opcode, $0, key: dice.next(), to: &writer) }
        send(writer.bytes, on: stream)
    }

    private func send(_ bytes: [UInt8], on stream: Loop.Stream) {
        if stream.offer(bytes) == .refusedFull { stream.close() }
    }
}
