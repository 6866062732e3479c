import Core
import Glibc
import Loop
import Node
import State

/// Holds the clients of one load generator process on one loop: connects them, a few at a time, counts what they get, and has each
/// say something once a tick if the plan wants that.
final class ClientsShell: StreamOwner {
    /// Connections under way at once.
    private static let connectingLimit = 128
    /// How long after the window late deliveries still count.
    private static let graceNanoseconds: UInt64 = 500_000_000
    private static let inputByteCount = 64

    private final class Client {
        let core = BenchClient()
        var stream: Loop.Stream?
        var grant: GrantID?
        var lastNumber: UInt64 = 0
    }

    private let loop: EventLoop
    private let addresses: [SocketAddress]
    private let plan: ReaderPlan
    private let clients: [Client]
    private var nextClient = 0
    private var underWay = 0
    private var joinedCount = 0
    private var toldCount = 0
    private var tally = DeliveryTally()
    private var window: Window?
    private var expected: Payload
    private var watchers: [AnyObject] = []
    private var end: GridTimer?
    private var pace: GridTimer?
    private var turns: EvenTurns?
    private var control: ControlSocket!
    private var dice = SystemRandomNumberGenerator()

    init(_ loop: EventLoop, _ plan: ReaderPlan, _ addresses: [SocketAddress]) throws {
        self.loop = loop
        self.addresses = addresses
        self.plan = plan
        clients = (0..<plan.clients).map { _ in Client() }
        expected = Payload(byteCount: plan.rowByteCount)
        tally.clients = plan.clients
        control = try ControlSocket(
            BenchClients.controlDescriptor, on: loop, heard: { [unowned self] in heard($0) },
            ended: { [unowned self] in self.loop.stop() })
        end = try GridTimer(on: loop) { [unowned self] in report() }
        pace = try GridTimer(on: loop) { [unowned self] in writeDue() }
        if let lifeline = NodeEnvironment.lifeline {
            watchers.append(try DescriptorWatcher(lifeline, on: loop) { [unowned self] in self.loop.stop() })
        }
        loop.onTurnEnd { [unowned self] in tellJoined() }
    }

    func start() { connectMore() }

    private func connectMore() {
        while nextClient < clients.count, underWay < Self.connectingLimit {
            let index = nextClient
            nextClient += 1
            underWay += 1
            do {
                let address = addresses[index % addresses.count]
                clients[index].stream = try Loop.Stream.connect(
                    to: address, on: loop, owner: self, tag: UInt32(index))
            } catch {
                return control.say(.failed("client \(index + 1) could not connect: \(error)"))
            }
        }
    }

    private func heard(_ line: ControlLine) {
        switch line {
        case .measure(let start, let end, let period):
            let window = Window(start: start, end: end, period: period)
            self.window = window
            tally.slots = Array(repeating: 0, count: window.slotCount)
            self.end?.arm(atNanoseconds: end + Self.graceNanoseconds)
            turns = plan.inputPeriod.map { EvenTurns(base: loop.nowNanoseconds, period: $0, count: clients.count) }
            writeDue()
        case .joined, .failed, .tallied: break
        }
    }

    private func report() {
        window = nil
        control.say(.tallied(tally))
    }

    private func tellJoined() {
        guard joinedCount > toldCount else { return }
        toldCount = joinedCount
        control.say(.joined(joinedCount))
    }

    // MARK: Writing

    private func writeDue() {
        guard window != nil, turns != nil else { return }
        while let (place, _) = turns?.next(loop.nowNanoseconds) { write(clients[place]) }
        if let next = turns?.nextAt { pace?.arm(atNanoseconds: next) }
    }

    private func write(_ client: Client) {
        guard let grant = client.grant, let stream = client.stream else { return }
        client.lastNumber += 1
        var message = ByteWriter([], capacity: Self.inputByteCount + 24)
        message.frame(.inputs) {
            $0.u64(grant)
            $0.num(client.lastNumber)
            $0.blob([UInt8](repeating: 7, count: Self.inputByteCount))
        }
        tally.sent += 1
        send(message.bytes, as: .binary, on: stream)
    }

    // MARK: Clients

    func streamOpened(_ stream: Loop.Stream) {
        let upgrade = WebSocketClientUpgrade(
            host: stream.peer.map { "\($0)" } ?? "127.0.0.1", path: "/connect", subprotocols: ["switchback.1"],
            nonce: (0..<16).map { _ in dice.next() })
        clients[Int(stream.tag)].core.phase = .upgrading(HTTPResponseHeadReader())
        stream.tune(noDelay: true)
        send(upgrade.requestBytes(), on: stream)
    }

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        let client = clients[Int(stream.tag)]
        // The loop's read buffer is ours until this call returns.
        client.core.receive(UnsafeMutableRawBufferPointer(mutating: bytes), rowByteCount: plan.rowByteCount) {
            took($0, client, stream)
        }
    }

    func streamDrained(_ stream: Loop.Stream) {}

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let client = clients[Int(stream.tag)]
        client.stream = nil
        tally.closed += 1
        tally.reason = tally.reason ?? "\(end)"
        if case .reading = client.core.phase { return }
        control.say(.failed("client \(stream.tag + 1) did not get in: \(tally.reason ?? "")"))
    }

    private func took(_ heard: BenchClient.Heard, _ client: Client, _ stream: Loop.Stream) {
        switch heard {
        case .welcome, .attached: break
        case .granted(let grant):
            client.grant = grant
            cameIn(client)
        case .acked: if window != nil { tally.acks += 1 }
        case .tick(let step): tick(client, step)
        case .ping(let payload): send(payload, as: .pong, on: stream)
        case .sayHello:
            let hello = Hello(
                attach: AttachNumber(rawValue: 1), token: [], reads: plan.channels.map { Read(channel: $0) },
                write: plan.inputPeriod == nil ? "" : plan.channels[0])
            var writer = ByteWriter()
            writer.frame(.hello) { hello.encode(into: &$0) }
            send(writer.bytes, as: .binary, on: stream)
        case .over(let reason):
            tally.reason = tally.reason ?? reason
            stream.close()
        }
    }

    /// It is in when it holds all that it reads, and may write if it is to.
    private func cameIn(_ client: Client) {
        guard case .joining = client.core.phase, client.core.heldCount == plan.channels.count,
            client.grant != nil || plan.inputPeriod == nil
        else { return }
        client.core.phase = .reading
        joinedCount += 1
        underWay -= 1
        connectMore()
    }

    private func tick(_ client: Client, _ step: BenchClient.Step) {
        let held = client.core.advance(step.link, to: step.version)
        if case .joining = client.core.phase { return cameIn(client) }
        guard let window, let slot = Payload.slot(atEndOf: step.row), let place = window.place(of: slot) else { return }
        let now = loop.nowNanoseconds
        let delay = now > slot ? now - slot : 0
        tally.deliveries += 1
        tally.byteCount += UInt64(step.byteCount)
        tally.slots[place] = 1
        tally.latency.record(delay)
        if delay > window.period { tally.late += 1 }
        if step.base > held { tally.gaps += 1 }
        if step.version > held + 1 { tally.squashed += step.version - held - 1 }
        if expected.slot != slot { expected.fill(slot: slot) }
        let isRight = expected.bytes.withUnsafeBytes {
            guard let wanted = $0.baseAddress, let got = step.row.baseAddress, $0.count == step.row.count else {
                return false
            }
            return memcmp(wanted, got, step.row.count) == 0
        }
        if !isRight { tally.corrupt += 1 }
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
