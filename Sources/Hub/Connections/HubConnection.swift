import Core
import Loop
import State

/// One connection to the hub's UNIX socket: proves the cluster key, then turns frames into what the hub hears.
///
/// It decides nothing about processes. Bytes that break the rules end this connection with a reason and nothing else.
final class HubConnection: StreamOwner {
    /// What an authenticated peer said.
    enum Message {
        case announced(Announcement)
        case reported(ProcessReport)
        case asked(Query)
        case job(JobMessage)
        /// A front of an earlier hub gives the public listener back; the descriptor is the hub's to close.
        case gaveListener(address: String, descriptor: Int32)
        /// A hub that was started on the same folders wants to be the one.
        case askedForHandOver(HandOverMessage)
    }

    private enum Phase {
        case preface
        case proving(AcceptorHandshake)
        case open
        case over
    }

    let id: HubConnectionID
    /// What the peer said it is when it proved the key.
    private(set) var role: Role?
    private let loop: EventLoop
    private let onMessage: (HubConnection, Message) -> Void
    private let onClosed: (HubConnection, Farewell?) -> Void
    private var phase: Phase = .preface
    private var handshake: AcceptorHandshake
    private let epoch: Epoch
    private var frames = FrameReader(limit: Limits.handshakeFrameBytes)
    private var head: [UInt8] = []
    private var stream: Stream?
    private var deadline: Timer?
    private var farewell: Farewell?
    /// What the peer called itself when it proved the key.
    private(set) var peerName = ""

    /// - Parameters:
    ///   - descriptor: taken over.
    ///   - onClosed: the last call, with our reason if the end was ours.
    init(
        _ id: HubConnectionID, _ descriptor: Int32, on loop: EventLoop, handshake: AcceptorHandshake, epoch: Epoch,
        onMessage: @escaping (HubConnection, Message) -> Void,
        onClosed: @escaping (HubConnection, Farewell?) -> Void
    ) throws(LoopError) {
        self.id = id
        self.loop = loop
        self.handshake = handshake
        self.epoch = epoch
        self.onMessage = onMessage
        self.onClosed = onClosed
        stream = try Stream(accepted: descriptor, on: loop, owner: self)
        let timer = try Timer(on: loop) { [weak self] in
            self?.end(Farewell(.timedOut, "the key was not proved within \(Limits.handshake)"))
        }
        timer.arm(afterMilliseconds: UInt64(Limits.handshake / .milliseconds(1)))
        deadline = timer
    }

    /// Who connected, by the kernel's word.
    var peer: (pid: Int32, userID: UInt32)? {
        stream.flatMap { peerCredentials(of: $0) }.map { ($0.pid, $0.uid) }
    }

    func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        switch stream?.offer(writer.bytes) {
        case .refusedFull: end(Farewell(.slow, "the hub's messages are not read"))
        case .sent, .queued, .queuedPauseNow, nil: break
        }
    }

    /// Sends the listener's address with a duplicate of its descriptor.
    func sendListener(_ address: String, _ descriptor: Int32) {
        var writer = ByteWriter()
        writer.frame(.listener) { ListenerMessage(address: address).encode(into: &$0) }
        switch stream?.offer(writer.bytes, passing: descriptor) {
        case .refusedFull: end(Farewell(.slow, "the listener could not be handed over"))
        case .sent, .queued, .queuedPauseNow, nil: break
        }
    }

    /// Closes without a word: the peer connects again and finds the next hub.
    func drop() { stream?.closeAfterWriting() }

    /// Says why, then closes.
    func end(_ farewell: Farewell) {
        switch phase {
        case .over: return
        case .preface, .proving, .open: phase = .over
        }
        self.farewell = farewell
        var writer = ByteWriter()
        writer.frame(.bye) { Bye(farewell).encode(into: &$0) }
        _ = stream?.offer(writer.bytes)
        stream?.closeAfterWriting()
    }

    // MARK: StreamOwner

    func streamOpened(_ stream: Stream) {}
    func streamDrained(_ stream: Stream) {}

    func streamClosed(_ stream: Stream, _ end: StreamEnd) {
        phase = .over
        deadline?.close()
        deadline = nil
        self.stream = nil
        onClosed(self, farewell)
    }

    func streamRead(_ stream: Stream, _ bytes: UnsafeRawBufferPointer) {
        var bytes = bytes
        if case .preface = phase {
            let missing = min(Preface.bytes.count - head.count, bytes.count)
            head += bytes[..<missing]
            guard Preface.bytes.starts(with: head) else {
                return end(Farewell(.protocolError, "this socket is for the cluster's processes"))
            }
            guard head.count == Preface.bytes.count else { return }
            phase = .proving(handshake)
            bytes = UnsafeRawBufferPointer(rebasing: bytes[missing...])
        }
        guard !bytes.isEmpty else { return }
        do throws(Farewell) {
            try frames.receive(bytes, { (frame) throws(Farewell) in try receive(frame) }, failed: Farewell.init)
            if case .open = phase { frames.limit = Limits.nodeFrameBytes }
        } catch {
            end(error)
        }
    }

    // MARK: Frames

    private func receive(_ frame: Frame) throws(Farewell) {
        switch phase {
        case .preface, .over: return
        case .proving(var handshake):
            switch try handshake.receive(frame) {
            case .send(let answer):
                phase = .proving(handshake)
                _ = stream?.offer(answer)
            case .proved(let greeting):
                peerName = greeting.name
                phase = .open
                role = greeting.role
                deadline?.close()
                deadline = nil
                send(.accepted) { Accepted(epoch: epoch, families: [], options: []).encode(into: &$0) }
            }
        case .open: try receiveOpen(frame)
        }
    }

    private func receiveOpen(_ frame: Frame) throws(Farewell) {
        switch frame.kind {
        case .announce: onMessage(self, .announced(try json(frame, "an announcement")))
        case .report: onMessage(self, .reported(try json(frame, "a report")))
        case .query:
            onMessage(self, .asked(try decode(frame) { (reader) throws(WireError) in try Query(from: &reader) }))
        case .listener:
            let message = try decode(frame) { (reader) throws(WireError) in try ListenerMessage(from: &reader) }
            guard let descriptor = stream?.takeDescriptor() else {
                throw Farewell(.protocolError, "a listener without its descriptor")
            }
            onMessage(self, .gaveListener(address: message.address, descriptor: descriptor))
        case .handOver:
            guard role == .hub else { throw Farewell(.refused, "only a hub takes over") }
            onMessage(
                self,
                .askedForHandOver(
                    try decode(frame) { (reader) throws(WireError) in try HandOverMessage(from: &reader) }))
        case .ping:
            let token = try decode(frame) { (reader) throws(WireError) in try reader.u64() }
            send(.pong) { $0.u64(token) }
        case .job:
            onMessage(self, .job(try decode(frame) { (reader) throws(WireError) in try JobMessage(from: &reader) }))
        case .pong, .answer: break
        case .bye: stream?.closeAfterWriting()
        default: throw Farewell(.protocolError, "frame \(frame.kind) is not for the hub")
        }
    }

    private func decode<T>(
        _ frame: Frame, _ read: (inout ByteReader) throws(WireError) -> T
    ) throws(Farewell) -> T {
        do { return try frame.decode(read) } catch { throw Farewell(error) }
    }

    private func json<T: Decodable>(_ frame: Frame, _ what: String) throws(Farewell) -> T {
        let text = try decode(frame) { (reader) throws(WireError) in try reader.text() }
        guard let value = JSON.decode(T.self, text.utf8) else {
            throw Farewell(.protocolError, "\(what) that is not the JSON of docs/WIRE.md")
        }
        return value
    }
}
