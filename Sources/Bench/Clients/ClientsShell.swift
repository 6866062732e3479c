import Core
import Glibc
import Loop
import Node
import State

/// Holds the clients of one load generator process on one loop: connects them, a few at a time, and counts what they get.
final class ClientsShell: StreamOwner {
    /// Connections under way at once.
    private static let connectingLimit = 128
    /// How long after the window late deliveries still count.
    private static let graceNanoseconds: UInt64 = 500_000_000

    private let loop: EventLoop
    private let addresses: [SocketAddress]
    private let rowByteCount: Int
    private let clients: [BenchClient]
    private var streams: [Loop.Stream?]
    private var nextClient = 0
    private var underWay = 0
    private var joinedCount = 0
    private var toldCount = 0
    private var tally = DeliveryTally()
    private var window: Window?
    private var expected: Payload
    private var watchers: [AnyObject] = []
    private var end: GridTimer?
    private var control: ControlSocket!
    private var dice = SystemRandomNumberGenerator()

    init(_ loop: EventLoop, _ count: Int, rowByteCount: Int, _ addresses: [SocketAddress]) throws {
        self.loop = loop
        self.addresses = addresses
        self.rowByteCount = rowByteCount
        clients = (0..<count).map { _ in BenchClient() }
        streams = Array(repeating: nil, count: count)
        expected = Payload(byteCount: rowByteCount)
        tally.clients = count
        control = try ControlSocket(
            BenchClients.controlDescriptor, on: loop, heard: { [unowned self] in heard($0) },
            ended: { [unowned self] in self.loop.stop() })
        end = try GridTimer(on: loop) { [unowned self] in report() }
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
                streams[index] = try Loop.Stream.connect(to: address, on: loop, owner: self, tag: UInt32(index))
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

    // MARK: Clients

    func streamOpened(_ stream: Loop.Stream) {
        let upgrade = WebSocketClientUpgrade(
            host: stream.peer.map { "\($0)" } ?? "127.0.0.1", path: "/connect", subprotocols: ["switchback.1"],
            nonce: (0..<16).map { _ in dice.next() })
        clients[Int(stream.tag)].phase = .upgrading(HTTPResponseHeadReader())
        send(upgrade.requestBytes(), on: stream)
    }

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        let client = clients[Int(stream.tag)]
        // The loop's read buffer is ours until this call returns.
        client.receive(UnsafeMutableRawBufferPointer(mutating: bytes), rowByteCount: rowByteCount) {
            took($0, client, stream)
        }
    }

    func streamDrained(_ stream: Loop.Stream) {}

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        streams[Int(stream.tag)] = nil
        tally.closed += 1
        tally.reason = tally.reason ?? "\(end)"
        if case .reading = clients[Int(stream.tag)].phase { return }
        control.say(.failed("client \(stream.tag + 1) did not get in: \(tally.reason ?? "")"))
    }

    private func took(_ heard: BenchClient.Heard, _ client: BenchClient, _ stream: Loop.Stream) {
        switch heard {
        case .nothing, .granted, .acked: break
        case .tick(let base, let version, let row, let byteCount):
            tick(client, base, version, row, byteCount)
        case .ping(let payload): send(payload, as: .pong, on: stream)
        case .sayHello:
            let hello = Hello(
                attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: BenchBack.channel)], write: "")
            var writer = ByteWriter()
            writer.frame(.hello) { hello.encode(into: &$0) }
            send(writer.bytes, as: .binary, on: stream)
        case .over(let reason):
            tally.reason = tally.reason ?? reason
            stream.close()
        }
    }

    private func tick(
        _ client: BenchClient, _ base: UInt64, _ version: UInt64, _ row: UnsafeRawBufferPointer, _ byteCount: Int
    ) {
        let held = client.version
        client.version = version
        if case .reading = client.phase {
        } else {
            client.phase = .reading
            joinedCount += 1
            underWay -= 1
            connectMore()
            return
        }
        guard let window, let slot = Payload.slot(atEndOf: row), let place = window.place(of: slot) else { return }
        let now = loop.nowNanoseconds
        let delay = now > slot ? now - slot : 0
        tally.deliveries += 1
        tally.byteCount += UInt64(byteCount)
        tally.slots[place] = 1
        tally.latency.record(delay)
        if delay > window.period { tally.late += 1 }
        if base > held { tally.gaps += 1 }
        if version > held + 1 { tally.squashed += version - held - 1 }
        if expected.slot != slot { expected.fill(slot: slot) }
        let isRight = expected.bytes.withUnsafeBytes {
            guard let wanted = $0.baseAddress, let got = row.baseAddress, $0.count == row.count else { return false }
            return memcmp(wanted, got, row.count) == 0
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
