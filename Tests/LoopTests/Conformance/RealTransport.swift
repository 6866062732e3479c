import Glibc
import Testing
import Loop

/// The transports that the suite runs on: real sockets of each kind, and the simulator's network.
enum TransportKind: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case ipv4, ipv6, unix, simulated
    var testDescription: String { rawValue }

    func make() throws -> any TransportUnderTest {
        self == .simulated ? SimulatedTransport() : try RealTransport(self)
    }
}

/// The real loop with real sockets, driven inline.
final class RealTransport: TransportUnderTest {
    private let loop: EventLoop
    private let listener: ListeningSocket
    private let folder: TemporaryFolder?
    private var acceptedDescriptors: [(Int32, SocketAddress)] = []
    private static let boundMilliseconds: UInt64 = 30_000

    init(_ kind: TransportKind) throws {
        loop = try EventLoop()
        switch kind {
        case .ipv4: folder = nil
        case .ipv6, .simulated: folder = nil
        case .unix: folder = try TemporaryFolder()
        }
        let address: SocketAddress =
            switch kind {
            case .ipv4, .simulated: .ipv4(0x7F00_0001, port: 0)
            case .ipv6: .ipv6(high: 0, low: 1, port: 0, scope: 0)
            case .unix: .unix((folder?.path ?? "") + "/listener")
            }
        listener = try .bind(address)
        _ = try Acceptor(try listener.duplicate(), on: loop) { [unowned self] in acceptedDescriptors.append(($0, $1)) }
    }

    func connect(prepare: (any EndUnderTest) -> Void) throws -> (
        connecting: any EndUnderTest, accepted: any EndUnderTest
    ) {
        let connecting = RealEnd()
        connecting.stream = try .connect(to: listener.address, on: loop, owner: connecting)
        prepare(connecting)
        guard try run(until: { !acceptedDescriptors.isEmpty }) else { throw NeverHappened("an accepted connection") }
        let (descriptor, peer) = acceptedDescriptors.removeFirst()
        let accepted = RealEnd()
        accepted.stream = try Stream(accepted: descriptor, peer: peer, on: loop, owner: accepted)
        guard try run(until: { connecting.log.openedCount > 0 }) else { throw NeverHappened("an opened connection") }
        return (connecting, accepted)
    }

    func connectToNobody() throws -> any EndUnderTest {
        var address = listener.address
        if case .unix(let path) = address {
            address = .unix(path + ".nobody")
        } else {
            // A listener's port, freed a moment ago.
            let gone = try ListeningSocket.bind(address.with(port: 0))
            address = gone.address
        }
        let end = RealEnd()
        end.stream = try .connect(to: address, on: loop, owner: end)
        return end
    }

    func run(until condition: () -> Bool) throws -> Bool {
        try loop.runTurns(until: condition, withinMilliseconds: Self.boundMilliseconds)
    }

    func runAFewTurns() throws {
        for _ in 0..<20 {
            var posted = false
            let flag = Flag()
            loop.mailbox.post { flag.raise() }
            posted = try run(until: { flag.isRaised })
            if !posted { throw NeverHappened("a turn") }
        }
    }

    func finish() {
        loop.stop()
        loop.run()
    }
}

/// One stream and the log of its owner.
final class RealEnd: EndUnderTest, StreamOwner {
    var stream: Stream?
    var log = EndLog()
    var onEvent: ((any EndUnderTest, EndEvent) -> Void)?

    var queueLimitBytes: Int {
        get { stream?.queueLimitBytes ?? 0 }
        set { stream?.queueLimitBytes = newValue }
    }
    var highWatermarkBytes: Int {
        get { stream?.highWatermarkBytes ?? 0 }
        set { stream?.highWatermarkBytes = newValue }
    }
    var queuedByteCount: Int { stream?.queuedByteCount ?? 0 }
    var isBlocked: Bool { stream?.isBlocked ?? false }

    func offer(_ bytes: [UInt8]) -> Offer { stream?.offer(bytes) ?? .refusedFull }
    func offer(parts: [[UInt8]]) -> Offer {
        let joined = parts.flatMap { $0 }
        return joined.withUnsafeBytes { whole in
            var begin = 0
            let pieces = parts.map { part in
                defer { begin += part.count }
                return UnsafeRawBufferPointer(rebasing: whole[begin..<begin + part.count])
            }
            return stream?.offer(pieces) ?? .refusedFull
        }
    }
    func pauseReading() { stream?.pauseReading() }
    func resumeReading(sparingly: Bool) { stream?.resumeReading(sparingly: sparingly) }
    func close() { stream?.close() }
    func closeAfterWriting(lingerMilliseconds: UInt64) {
        stream?.closeAfterWriting(lingerMilliseconds: lingerMilliseconds)
    }
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            stream?.descriptor ?? -1, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        stream?.close()
    }

    func streamOpened(_ stream: Stream) { note(.opened) }
    func streamRead(_ stream: Stream, _ bytes: UnsafeRawBufferPointer) {
        log.bytes.append(contentsOf: bytes)
        if bytes.isEmpty { log.emptyReadCount += 1 }
        note(.read)
    }
    func streamDrained(_ stream: Stream) { note(.drained) }
    func streamClosed(_ stream: Stream, _ end: StreamEnd) {
        note(.closed)
        log.ends.append(end)
        onEvent?(self, .closed)
    }

    private func note(_ event: EndEvent) {
        log.note(event)
        if event != .closed { onEvent?(self, event) }
    }
}
