import Core
import FoundationEssentials
import Glibc
import Loop
import State

/// What a process hears from its hub.
package protocol HubLinkOwner: AnyObject {
    /// The hub is there (again): what it does not know is said now.
    func hubOpened()
    func hubDirectory(_ message: DirectoryMessage)
    /// A duplicate of a public listener; the owner closes it.
    func hubListener(_ message: ListenerMessage, descriptor: Int32)
    func hubAnswer(_ answer: Answer)
    func hubStop(_ message: StopMessage)
    /// Move the clients elsewhere, then end.
    func hubDrain(_ message: DrainMessage)
    func hubClosed()
    /// Only fronts keep pages.
    func hubPageNews(_ news: PageNews)
    /// Only those who submit jobs or work on them hear of any.
    func hubJob(_ message: JobMessage)
}

extension HubLinkOwner {
    package func hubJob(_ message: JobMessage) {}
    package func hubPageNews(_ news: PageNews) {}
    /// Only fronts have clients.
    package func hubDrain(_ message: DrainMessage) {}
}

/// A process's line to its hub: opened, proved, announced, and opened again when the hub comes back.
///
/// The hub may be gone for hours: everything else goes on. Confined to the loop's thread.
package final class HubLink: StreamOwner {
    private enum Phase {
        case down
        case connecting(Loop.Stream)
        case opening(Loop.Stream, ConnectorHandshake)
        case open(Loop.Stream)
    }

    private let loop: EventLoop
    private let address: SocketAddress
    private let key: ClusterKey
    private let role: Role
    private let name: String
    private let incarnation: Incarnation
    private let log: Log
    private weak var owner: (any HubLinkOwner)?
    private var phase = Phase.down
    private var reader = FrameReader(limit: Limits.nodeFrameBytes)
    private var retry: Loop.Timer?
    private var backoff: Backoff
    private var dice = SystemRandomNumberGenerator()
    private var isStopped = false
    /// Said again each time the hub comes back.
    package var announcement: Announcement

    package init(
        on loop: EventLoop, to address: SocketAddress, key: ClusterKey, role: Role, incarnation: Incarnation,
        announcement: Announcement, log: Log, owner: any HubLinkOwner
    ) {
        self.loop = loop
        self.address = address
        self.key = key
        self.role = role
        name = announcement.name
        self.incarnation = incarnation
        self.announcement = announcement
        self.log = log
        self.owner = owner
        backoff = Backoff(first: .milliseconds(50), limit: .seconds(1), seed: Entropy.seed())
    }

    package var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    package func start() { connect() }

    /// Closes the line for good.
    package func stop() {
        isStopped = true
        retry?.close()
        retry = nil
        switch phase {
        case .down: break
        case .connecting(let stream), .opening(let stream, _): stream.close()
        case .open(let stream): stream.closeAfterWriting()
        }
    }

    package func announce() { send(.announce) { $0.text(Self.json(self.announcement)) } }
    package func report(_ report: ProcessReport) { send(.report) { $0.text(Self.json(report)) } }
    package func say(_ message: JobMessage) { send(.job) { message.encode(into: &$0) } }
    package func query(_ query: Query) { send(.query) { query.encode(into: &$0) } }

    /// Gives a public listener to a hub that is newer than it; the hub gets a duplicate, the descriptor stays the caller's.
    package func give(_ message: ListenerMessage, descriptor: Int32) {
        guard case .open(let stream) = phase else { return }
        var writer = ByteWriter()
        writer.frame(.listener) { message.encode(into: &$0) }
        if stream.offer(writer.bytes, passing: descriptor) == .refusedFull { stream.close() }
    }

    private func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        guard case .open(let stream) = phase else { return }
        var writer = ByteWriter()
        writer.frame(kind, body)
        if stream.offer(writer.bytes) == .refusedFull { stream.close() }
    }

    private static func json(_ value: some Encodable) -> String {
        guard let data = try? JSONEncoder().encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    private func connect() {
        guard !isStopped else { return }
        do {
            phase = .connecting(try Loop.Stream.connect(to: address, on: loop, owner: self))
        } catch {
            retryLater()
        }
    }

    private func retryLater() {
        phase = .down
        guard !isStopped else { return }
        do {
            let timer = try retry ?? Loop.Timer(on: loop) { [weak self] in self?.connect() }
            retry = timer
            timer.arm(afterMilliseconds: UInt64(max(1, backoff.next() / .milliseconds(1))))
        } catch {
            log.error("no timer for the hub", ["error": "\(error)"])
        }
    }

    // MARK: StreamOwner

    package func streamOpened(_ stream: Loop.Stream) {
        let greeting = Greeting(role: role, name: name, incarnation: incarnation, nonce: Nonce(using: &dice))
        let handshake = ConnectorHandshake(greeting: greeting, key: key)
        reader = FrameReader(limit: Limits.nodeFrameBytes)
        phase = .opening(stream, handshake)
        _ = stream.offer(handshake.opening)
    }

    package func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        do throws(Farewell) {
            try reader.receive(
                bytes, { (frame) throws(Farewell) in try take(frame, on: stream) }, failed: { Farewell($0) })
        } catch {
            log.warning("the hub was not understood", ["reason": error.reason])
            stream.close()
        }
    }

    package func streamDrained(_ stream: Loop.Stream) {}

    package func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let wasOpen = isOpen
        retryLater()
        if wasOpen {
            log.debug("the hub is gone")
            owner?.hubClosed()
        }
    }

    private func take(_ frame: Frame, on stream: Loop.Stream) throws(Farewell) {
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
                // Tools come and go, and are no processes of the cluster.
                if !announcement.role.isEmpty { announce() }
                owner?.hubOpened()
            }
        case .open:
            do {
                try heard(frame, on: stream)
            } catch let error as WireError {
                throw Farewell(error)
            } catch {
                throw Farewell(.protocolError, "\(error)")
            }
        }
    }

    private func heard(_ frame: Frame, on stream: Loop.Stream) throws {
        switch frame.kind {
        case .directory:
            let text = try frame.decode { (reader) throws(WireError) in try reader.text() }
            owner?.hubDirectory(try JSONDecoder().decode(DirectoryMessage.self, from: Data(text.utf8)))
        case .listener:
            let message = try frame.decode(ListenerMessage.init(from:))
            guard let descriptor = stream.takeDescriptor() else {
                throw Farewell(.protocolError, "a listener without its descriptor")
            }
            owner?.hubListener(message, descriptor: descriptor)
        case .answer: owner?.hubAnswer(try frame.decode(Answer.init(from:)))
        case .stop: owner?.hubStop(try frame.decode(StopMessage.init(from:)))
        case .drain: owner?.hubDrain(try frame.decode(DrainMessage.init(from:)))
        case .job: owner?.hubJob(try frame.decode(JobMessage.init(from:)))
        case .pageNews: owner?.hubPageNews(try frame.decode(PageNews.init(from:)))
        case .ping:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            send(.pong) { $0.u64(token) }
        case .bye: throw Farewell(.goingAway, try frame.decode(Bye.init(from:)).reason)
        default: throw Farewell(.protocolError, "frame \(frame.kind) is not one that a hub sends")
        }
    }
}
