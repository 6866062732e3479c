import Testing
import Core
import Loop
import Node
import State

/// A rule for tests: a counter for each session; `no` is refused, `same` changes nothing, `say` is answered by a message.
struct Counting: Processor {
    struct Count: Row {
        var value: Int64 = 0
        static let schema = Schema<Count>(.field("value", \.value))
    }

    let counts: Table<SessionID, Count>

    init(_ state: inout State) { counts = state.table("counts") }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request): if request.options == [0xBA, 0xD0] { tick.refuse(request, "not you") }
            case .joined(let session): counts[session.id] = Count()
            case .left(let id, _): counts[id] = nil
            case .input(let input):
                switch input.bytes.text {
                case "no": tick.refuse(input, "no means no")
                case "same": break
                case "say": tick.send(Array("said".utf8), to: input.session)
                default: counts[input.session]?.value += 1
                }
            default: break
            }
        }
    }
}

/// A front and a back on a loop: clients come over real sockets, the trunk between the two is memory. Only what clients see is
/// real here; the shells of fronts and backs have tests of their own.
final class OneLoopCluster: StreamOwner {
    let loop: EventLoop
    /// As in the shell; the compiler joins the accesses of a turn to one, which carrying a directive out would trap in.
    @exclusivity(unchecked) private var front: FrontCore
    private var back: BackCore
    private var acceptor: Acceptor?
    private var timer: Timer?
    private var streams: [ConnectionID: Loop.Stream] = [:]
    private var last: UInt32 = 0
    private let trunk = TrunkID(rawValue: 1)

    init(on loop: EventLoop) throws {
        self.loop = loop
        let key = try #require(ClusterKey(bytes: [UInt8](repeating: 3, count: 32)))
        let family = try FamilyPattern("room/*")
        back = BackCore(
            identity: .init(
                name: "back-1", incarnation: Incarnation(rawValue: 1), epoch: Epoch(rawValue: 1), key: key),
            families: [
                ChannelFamily(pattern: family, type: Counting.self, settings: ChannelSettings(rate: .hertz(100)))
            ], seed: 1)
        front = FrontCore(
            settings: .init(
                name: "front-1", incarnation: Incarnation(rawValue: 2), key: key, unixSecondsAtZero: 1_700_000_000),
            seed: 2)
        timer = try Timer(on: loop) { [unowned self] in timePassed() }
        front.directoryChanged(
            ChannelDirectory([.init(name: "back-1", address: "memory", epoch: Epoch(rawValue: 1), families: [family])]),
            now: loop.now)
        pump()
        timer?.arm(afterMilliseconds: 1)
    }

    /// Listens on a port of the kernel's choice.
    func listen() throws -> SocketAddress {
        let listener = try ListeningSocket.bind(try #require(SocketAddress("127.0.0.1:0")))
        let address = listener.address
        acceptor = try Acceptor(try listener.duplicate(), on: loop) { [unowned self] descriptor, peer in
            accepted(descriptor, peer)
        }
        return address
    }

    private func accepted(_ descriptor: Int32, _ peer: SocketAddress) {
        last += 1
        let id = ConnectionID(rawValue: UInt64(last))
        guard front.accepted(id, peer: "\(peer)", isLoopback: true, now: loop.now),
            let stream = try? Loop.Stream(accepted: descriptor, on: loop, owner: self, tag: last)
        else { return }
        streams[id] = stream
        pump()
    }

    private func timePassed() {
        while back.tick(now: loop.now) != nil {}
        front.tick(now: loop.now)
        pump()
        timer?.arm(afterMilliseconds: 1)
    }

    private func pump() {
        var isMoving = true
        while isMoving {
            isMoving = false
            while let directive = front.nextDirective() {
                isMoving = true
                carryOut(directive)
            }
            if front.owesAnything() {
                isMoving = true
                write()
            }
            while let directive = back.nextDirective() {
                isMoving = true
                guard case .send(_, let bytes) = directive else { continue }
                bytes.withUnsafeBytes { front.receive($0, on: trunk, now: loop.now) }
            }
        }
    }

    private func write() {
        front.writeOwed(now: loop.now) { id, parts in
            guard let stream = streams[id] else { return .all }
            return stream.offer(parts) == .sent ? .all : .someWait
        }
    }

    private func carryOut(_ directive: FrontCore.Directive) {
        switch directive {
        case .close(let id): streams[id]?.closeAfterWriting()
        case .admit(let id, _, _): front.admitted(id, claims: [], now: loop.now)
        case .http(let id, _): front.answer(id, HTTPResponse(status: 404, text: "none\n"), now: loop.now)
        case .connect(let id, _):
            guard id == trunk else { return }
            back.trunkOpened(trunk, now: loop.now)
            front.trunkConnected(trunk, now: loop.now)
        case .send(_, let bytes): bytes.withUnsafeBytes { back.receive($0, on: trunk, now: loop.now) }
        case .pauseReading(let id): streams[id]?.pauseReading()
        case .resumeReading(let id): streams[id]?.resumeReading(sparingly: true)
        case .closeTrunk, .observed: break
        }
    }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        front.receive(
            UnsafeMutableRawBufferPointer(mutating: bytes), from: ConnectionID(rawValue: UInt64(stream.tag)),
            now: loop.now)
        pump()
    }

    func streamDrained(_ stream: Loop.Stream) {
        front.drained(ConnectionID(rawValue: UInt64(stream.tag)), now: loop.now)
        pump()
    }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let id = ConnectionID(rawValue: UInt64(stream.tag))
        streams[id] = nil
        front.connectionClosed(id, now: loop.now)
        pump()
    }
}

/// A cluster on a thread of its own, for tests of the async face.
struct RunningCluster {
    let address: SocketAddress
    private let mailbox: Mailbox
    private let loop: Carried<EventLoop>

    init() throws {
        let loop = Carried(try EventLoop())
        let cluster = Carried(try OneLoopCluster(on: loop.value))
        address = try cluster.value.listen()
        mailbox = loop.value.mailbox
        self.loop = loop
        _ = try LoopThread {
            loop.value.run()
            withExtendedLifetime(cluster) {}
        }
    }

    func url(_ scheme: String) -> String { scheme == "ws" ? "ws://\(address)/connect" : "tcp://\(address)" }

    func stop() { mailbox.post { [loop] in loop.value.stop() } }
}

private struct Carried<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }
}
