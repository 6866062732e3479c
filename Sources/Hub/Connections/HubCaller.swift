import Core
import Glibc
import Loop
import State

/// A line to a running hub for one exchange: how a second hub asks the first to leave, and what `hub drain` speaks through.
///
/// It finds the hub by the state folder, proves the cluster key, sends what it was made with, and gathers the frames that
/// come back. Driven with `EventLoop.runTurns`.
package final class HubCaller: StreamOwner {
    private enum Phase {
        case opening(ConnectorHandshake)
        case open
        case closed(String)
    }

    private var phase: Phase
    private var reader = FrameReader(limit: Limits.nodeFrameBytes)
    private var stream: Loop.Stream?
    /// What is sent as soon as the hub has proved itself.
    private var waiting: [UInt8] = []
    /// Answers to queries, oldest first.
    private var answers: [Answer] = []
    /// The hub's word that it has left.
    private(set) var handOver: HandOverMessage?
    /// Listeners that came; the caller's to close.
    private(set) var descriptors: [Int32] = []

    /// - Parameters:
    ///   - stateFolder: of the hub; it has the key and says where the hub's socket is.
    ///   - role: `.hub` for one that wants to take over, `.tool` for a command.
    /// - Throws: `HubFailure`, in words for whoever typed the command.
    package init(stateFolder: String, role: Role, on loop: EventLoop) throws(HubFailure) {
        var dice = SystemRandomNumberGenerator()
        let key: ClusterKey?
        let place: [UInt8]?
        do throws(FileError) {
            key = try StateFolder.clusterKey(in: stateFolder)
            place = try Files.read(stateFolder + "/hub.address")
        } catch {
            throw HubFailure(error.description)
        }
        guard let key, let place else {
            throw HubFailure("no hub has run with the state folder \(stateFolder); name another with --state")
        }
        let words = String(decoding: place.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let address = SocketAddress(words) else { throw HubFailure("'\(words)' is no address of a hub") }
        phase = .opening(
            ConnectorHandshake(
                greeting: Greeting(
                    role: role, name: "\(role)-\(getpid())", incarnation: Incarnation(rawValue: dice.next()),
                    nonce: Nonce(using: &dice)), key: key))
        do throws(LoopError) { stream = try Stream.connect(to: address, on: loop, owner: self) } catch {
            throw HubFailure("the hub's socket \(words): \(error.text)")
        }
    }

    /// Who answers at the socket, by the kernel's word.
    package var peerPid: Int32? { stream.flatMap { peerCredentials(of: $0)?.pid } }

    /// Why the line is gone; nil while it is there.
    package var end: String? {
        if case .closed(let reason) = phase { reason } else { nil }
    }

    package func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        switch phase {
        case .opening: waiting += writer.bytes
        case .open: _ = stream?.offer(writer.bytes)
        case .closed: break
        }
    }

    package func close() { stream?.close() }

    /// The oldest answer that was not taken.
    package func takeAnswer() -> Answer? { answers.isEmpty ? nil : answers.removeFirst() }

    // MARK: StreamOwner

    package func streamOpened(_ stream: Loop.Stream) {
        guard case .opening(let handshake) = phase else { return }
        _ = stream.offer(handshake.opening)
    }

    package func streamDrained(_ stream: Loop.Stream) {}

    package func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        do throws(Core.Farewell) {
            try reader.receive(
                bytes, { (frame) throws(Core.Farewell) in try take(frame, stream) }, failed: Core.Farewell.init)
        } catch {
            phase = .closed(error.reason)
            stream.close()
        }
    }

    package func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        self.stream = nil
        if case .closed = phase { return }
        phase = .closed("the hub closed the line")
        if case .failed(let error) = end { phase = .closed(error.text) }
    }

    private func take(_ frame: Frame, _ stream: Loop.Stream) throws(Core.Farewell) {
        switch phase {
        case .closed: return
        case .opening(var handshake):
            switch try handshake.receive(frame) {
            case .send(let bytes):
                phase = .opening(handshake)
                _ = stream.offer(bytes)
            case .accepted:
                phase = .open
                if !waiting.isEmpty { _ = stream.offer(waiting) }
                waiting = []
            }
        case .open:
            do throws(WireError) { try heard(frame, stream) } catch { throw Core.Farewell(error) }
        }
    }

    private func heard(_ frame: Frame, _ stream: Loop.Stream) throws(WireError) {
        switch frame.kind {
        case .answer: answers.append(try frame.decode(Answer.init(from:)))
        case .handOver: handOver = try frame.decode(HandOverMessage.init(from:))
        case .listener:
            _ = try frame.decode(ListenerMessage.init(from:))
            if let descriptor = stream.takeDescriptor() { descriptors.append(descriptor) }
        case .bye:
            phase = .closed(try frame.decode(Bye.init(from:)).reason)
            stream.close()
        default: break
        }
    }
}
