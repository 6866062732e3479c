import Core
import State

/// One connection to the simulated hub, as `HubConnection` keeps it.
final class HubPeer: SimulatedStreamOwner {
    enum Message {
        case announced(Announcement)
        case gaveListener
    }

    private enum Phase {
        case preface
        case proving(AcceptorHandshake)
        case open
        case over
    }

    let id: HubConnectionID
    private let epoch: Epoch
    private var handshake: AcceptorHandshake
    private var phase = Phase.preface
    private var head: [UInt8] = []
    private var frames = FrameReader(limit: Limits.nodeFrameBytes)
    private var stream: SimulatedStream?
    private var farewell: Farewell?
    var onMessage: ((Message) -> Void)?
    var onClosed: ((Farewell?) -> Void)?

    init(_ id: HubConnectionID, _ handshake: AcceptorHandshake, epoch: Epoch) {
        self.id = id
        self.handshake = handshake
        self.epoch = epoch
    }

    func begin(_ stream: SimulatedStream) { self.stream = stream }

    func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        if stream?.offer(writer.bytes) == .refusedFull { end(Farewell(.slow, "the hub's messages are not read")) }
    }

    /// Says why, then closes.
    func end(_ farewell: Farewell) {
        if case .over = phase { return }
        phase = .over
        self.farewell = farewell
        var writer = ByteWriter()
        writer.frame(.bye) { Bye(farewell).encode(into: &$0) }
        _ = stream?.offer(writer.bytes)
        stream?.closeAfterWriting()
    }

    func handshakeTimePassed() {
        switch phase {
        case .preface, .proving: end(Farewell(.timedOut, "the key was not proved in time"))
        case .open, .over: break
        }
    }

    func streamOpened(_ stream: SimulatedStream) {}
    func streamDrained(_ stream: SimulatedStream) {}

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        phase = .over
        self.stream = nil
        onClosed?(farewell)
        onMessage = nil
        onClosed = nil
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        var rest = bytes[...]
        if case .preface = phase {
            let missing = min(Preface.bytes.count - head.count, rest.count)
            head += rest.prefix(missing)
            rest = rest.dropFirst(missing)
            guard Preface.bytes.starts(with: head) else {
                return end(Farewell(.protocolError, "this socket is for the cluster's processes"))
            }
            guard head.count == Preface.bytes.count else { return }
            phase = .proving(handshake)
        }
        do throws(Farewell) {
            try rest.withUnsafeBufferPointer { (bytes) throws(Farewell) in
                try frames.receive(
                    UnsafeRawBufferPointer(bytes), { (frame) throws(Farewell) in try take(frame) },
                    failed: { Farewell($0) })
            }
        } catch {
            end(error)
        }
    }

    private func take(_ frame: Frame) throws(Farewell) {
        switch phase {
        case .preface, .over: return
        case .proving(var handshake):
            switch try handshake.receive(frame) {
            case .send(let answer):
                phase = .proving(handshake)
                _ = stream?.offer(answer)
            case .proved:
                phase = .open
                send(.accepted) { Accepted(epoch: epoch, families: [], options: []).encode(into: &$0) }
            }
        case .open:
            switch frame.kind {
            case .announce:
                let text: String
                do throws(WireError) {
                    text = try frame.decode { (reader) throws(WireError) in try reader.text() }
                } catch {
                    throw Farewell(error)
                }
                guard let announcement = WorldJSON.decode(Announcement.self, text) else {
                    throw Farewell(.protocolError, "an announcement that is no JSON")
                }
                onMessage?(.announced(announcement))
            case .listener: onMessage?(.gaveListener)
            default: break
            }
        }
    }
}
