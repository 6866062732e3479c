import Core
import Glibc
import Loop
import Node
import State

/// A load generator whose clients write: `bench-load PLAN ADDRESS …`, told by its starter over descriptor 4 what to measure.
///
/// The clients write in turn on one even schedule. A write that the schedule is late with counts from when it was meant to be.
final class LoadShell: StreamOwner {
    private static let connectingLimit = 128
    private static let graceNanoseconds: UInt64 = 300_000_000
    /// Steps finer than this are taken several at once.
    private static let stepNanoseconds: UInt64 = 200_000

    private final class Client {
        let core = BenchClient()
        var stream: Loop.Stream?
        var grant: GrantID?
        var lastNumber: UInt64 = 0
        var acked: UInt64 = 0
        var isIn = false
    }

    private let loop: EventLoop
    private let addresses: [SocketAddress]
    private let plan: LoadPlan
    private let clients: [Client]
    private var nextClient = 0
    private var underWay = 0
    private var joinedCount = 0
    private var toldCount = 0
    private var tally = DeliveryTally()
    private var window: Window?
    private var base: UInt64 = 0
    /// Writes so far, of all clients.
    private var writeCount: UInt64 = 0
    private var watchers: [AnyObject] = []
    private var pace: GridTimer?
    private var end: GridTimer?
    private var control: ControlSocket!
    private var dice = SystemRandomNumberGenerator()
    private var input: [UInt8]

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        let addresses = arguments.dropFirst().compactMap { SocketAddress($0) }
        guard let plan = arguments.first.flatMap({ LoadPlan($0) }), !addresses.isEmpty else {
            return BenchCommand.complain("bench-load needs PLAN ADDRESS …", 2)
        }
        return await onLoopThread {
            do {
                let loop = try EventLoop()
                let shell = try LoadShell(loop, plan, addresses)
                shell.connectMore()
                loop.run()
                return 0
            } catch {
                return BenchCommand.complain("a load generator: \(error)", 1)
            }
        }
    }

    private init(_ loop: EventLoop, _ plan: LoadPlan, _ addresses: [SocketAddress]) throws {
        self.loop = loop
        self.addresses = addresses
        self.plan = plan
        clients = (0..<plan.clients).map { _ in Client() }
        input = Array(repeating: 7, count: max(plan.bytes, Payload.slotByteCount))
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

    private func connectMore() {
        while nextClient < clients.count, underWay < Self.connectingLimit {
            let index = nextClient
            nextClient += 1
            underWay += 1
            do {
                clients[index].stream = try Loop.Stream.connect(
                    to: addresses[index % addresses.count], on: loop, owner: self, tag: UInt32(index))
            } catch {
                return control.say(.failed("client \(index + 1) could not connect: \(error)"))
            }
        }
    }

    private func heard(_ line: ControlLine) {
        guard case .measure(let start, let end, let period) = line else { return }
        window = Window(start: start, end: end, period: period)
        self.end?.arm(atNanoseconds: end + Self.graceNanoseconds)
        base = loop.nowNanoseconds
        writeDue()
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
        guard let window else { return }
        let writers = UInt64(plan.clients - plan.readers)
        guard writers > 0 else { return }
        let now = loop.nowNanoseconds
        var due = base + writeCount * plan.period / writers
        while due <= now, due < window.end {
            write(clients[plan.readers + Int(writeCount % writers)], due, isCounted: due >= window.start)
            writeCount += 1
            due = base + writeCount * plan.period / writers
        }
        guard due < window.end else { return }
        let isFine = plan.period / writers < Self.stepNanoseconds
        pace?.arm(atNanoseconds: isFine ? max(due, now + Self.stepNanoseconds * 2) : due)
    }

    private func write(_ client: Client, _ due: UInt64, isCounted: Bool) {
        guard let grant = client.grant, let stream = client.stream else { return }
        guard client.lastNumber - client.acked + UInt64(plan.perRead) <= UInt64(Limits.windowInputs) else {
            if isCounted { tally.stalled += UInt64(plan.perRead) }
            return
        }
        withUnsafeBytes(of: due.bigEndian) { stamp in
            input.withUnsafeMutableBytes { $0[($0.count - 8)...].copyBytes(from: stamp) }
        }
        var out = ByteWriter([], capacity: plan.perRead * (plan.bytes + 32))
        for _ in 0..<plan.perRead {
            client.lastNumber += 1
            var message = ByteWriter([], capacity: plan.bytes + 24)
            message.frame(.inputs) {
                $0.u64(grant)
                $0.num(client.lastNumber)
                $0.blob(input)
            }
            message.bytes.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: 0x5AC3_1E77, to: &out) }
        }
        if isCounted { tally.sent += UInt64(plan.perRead) }
        if stream.offer(out.bytes) == .refusedFull { stream.close() }
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
        client.core.receive(UnsafeMutableRawBufferPointer(mutating: bytes), rowByteCount: plan.bytes) {
            took($0, client, stream)
        }
    }

    func streamDrained(_ stream: Loop.Stream) {}

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let client = clients[Int(stream.tag)]
        client.stream = nil
        tally.closed += 1
        tally.reason = tally.reason ?? "\(end)"
        if !client.isIn { control.say(.failed("client \(stream.tag + 1) did not get in: \(tally.reason ?? "")")) }
    }

    private func took(_ heard: BenchClient.Heard, _ client: Client, _ stream: Loop.Stream) {
        switch heard {
        case .welcome, .attached: break
        case .granted(let grant):
            client.grant = grant
            cameIn(client)
        case .acked(let highest): client.acked = highest
        case .tick(let step):
            if Int(stream.tag) < plan.readers { cameIn(client) }
            guard let window, let stamp = Payload.slot(atEndOf: step.row), stamp >= window.start, stamp < window.end
            else {
                return
            }
            let now = loop.nowNanoseconds
            tally.deliveries += 1
            tally.byteCount += UInt64(step.byteCount)
            tally.latency.record(now > stamp ? now - stamp : 0)
        case .ping(let payload): send(payload, as: .pong, on: stream)
        case .sayHello:
            let writes = Int(stream.tag) >= plan.readers
            let read = Read(channel: LoadBack.channel, options: writes ? [] : NewestSeen.wish)
            let hello = Hello(
                attach: AttachNumber(rawValue: 1), token: [], reads: [read],
                write: writes ? LoadBack.channel : "")
            var writer = ByteWriter()
            writer.frame(.hello) { hello.encode(into: &$0) }
            send(writer.bytes, as: .binary, on: stream)
        case .over(let reason):
            tally.reason = tally.reason ?? reason
            stream.close()
        }
    }

    private func cameIn(_ client: Client) {
        guard !client.isIn else { return }
        client.isIn = true
        joinedCount += 1
        underWay -= 1
        connectMore()
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
