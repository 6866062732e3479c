import Core
import Loop
import Node
import State

/// Whoever uses a client on its loop's thread.
package protocol ClientShellDelegate: AnyObject {
    /// Something happened; every method of the client may be called from here.
    func client(_ client: ClientShell, told event: ClientEvent)
}

/// One client on a loop, without waiting and without a thread: what the async face, tests and load programs stand on. It moves
/// bytes and tells the time; the rules are the core's.
package final class ClientShell: StreamOwner {
    private enum Turn { case idle, waiting, pumping }

    /// Where the next try goes. A client may move: to another front its token is as good.
    package var address: SocketAddress
    package private(set) var core: ClientCore
    package weak var delegate: (any ClientShellDelegate)?
    private let group: ClientGroup
    private var socket: (number: TryNumber, stream: Loop.Stream)?
    private var timer: Loop.Timer?
    private var armedAt: Instant?
    private var turn = Turn.idle

    package init(
        in group: ClientGroup, to address: SocketAddress, settings: ClientSettings, seed: UInt64 = Entropy.seed()
    ) {
        self.group = group
        self.address = address
        core = ClientCore(settings: settings, seed: seed)
    }

    // MARK: Wishes

    package func start() { change { $0.start(now: $1) } }

    package func read(_ channel: String, options: [UInt8] = []) throws(ClientError) {
        do throws(Farewell) {
            try core.read(channel, options: options, now: now)
        } catch {
            throw ClientError(error)
        }
        pumpLater()
    }

    package func unread(_ channel: String) { change { $0.unread(channel, now: $1) } }

    package func write(_ channel: String?, options: [UInt8] = []) throws(ClientError) {
        do throws(Farewell) {
            try core.write(channel, options: options, now: now)
        } catch {
            throw ClientError(error)
        }
        pumpLater()
    }

    /// Takes an input for the channel that is written to. Its outcome is told under the ticket.
    package func send(_ bytes: [UInt8], to channel: String, pace: InputPace = .batched) -> InputOffer {
        defer { pumpLater() }
        return core.send(bytes, to: channel, pace: pace, now: now)
    }

    /// Says something beside the inputs. False if nobody is there to take it.
    package func say(_ data: [UInt8], to channels: [String]) -> Bool {
        defer { pumpLater() }
        return core.say(data, to: channels, now: now)
    }

    /// Says goodbye and ends the session.
    package func close() { change { $0.close(now: $1) } }

    /// Loses the connection without a goodbye. The client comes back by itself.
    package func cut() {
        guard let (number, stream) = socket else { return }
        socket = nil
        stream.close()
        change { $0.disconnected(number, now: $1) }
    }

    /// What is held of a channel as canonical bytes, with its lineage and version; nil before the first state.
    package func encodedState(of channel: String) -> (lineage: Lineage, version: Version, bytes: [UInt8])? {
        guard let room = core.room(channel), let lineage = room.lineage else { return nil }
        return (lineage, room.version, room.mirror.encoded())
    }

    // MARK: The core's wishes

    private var now: Instant { group.loop.now }

    private func change(_ body: (inout ClientCore, Instant) -> Void) {
        body(&core, now)
        pumpLater()
    }

    private func pumpLater() {
        guard turn == .idle else { return }
        turn = .waiting
        group.pumpLater(self)
    }

    /// Carries out all that the core wants.
    func pump() {
        guard turn != .pumping else { return }
        turn = .pumping
        while let directive = core.nextDirective() {
            switch directive {
            case .connect(let number): connect(number)
            case .send(let number, let bytes): send(number, bytes)
            case .close(let number): close(number)
            case .tell(let event): delegate?.client(self, told: event)
            }
        }
        turn = .idle
        arm()
    }

    private func connect(_ number: TryNumber) {
        do {
            let stream = try Loop.Stream.connect(to: address, on: group.loop, owner: self)
            socket = (number, stream)
        } catch {
            core.disconnected(number, now: now)
        }
    }

    private func send(_ number: TryNumber, _ bytes: [UInt8]) {
        guard let socket, socket.number == number else { return }
        // What a client has under way is bounded by its window: a full queue means a peer that does not read.
        if socket.stream.offer(bytes) == .refusedFull { socket.stream.close() }
    }

    private func close(_ number: TryNumber) {
        guard let socket, socket.number == number else { return }
        socket.stream.closeAfterWriting()
        self.socket = nil
    }

    private func arm() {
        let deadline = core.nextDeadline
        guard deadline != armedAt else { return }
        armedAt = deadline
        guard let deadline else {
            timer?.close()
            timer = nil
            return
        }
        // Without a timer only pings and retries are late; the next event tries to make it again.
        if timer == nil { timer = try? Loop.Timer(on: group.loop) { [weak self] in self?.timeCame() } }
        // The clock is read once: between two looks the deadline may pass.
        let wait = max(0, deadline.since(now).wholeNanoseconds)
        timer?.arm(afterMilliseconds: UInt64(wait) / 1_000_000 + 1)
    }

    private func timeCame() {
        armedAt = nil
        change { $0.tick(now: $1) }
    }

    // MARK: The socket

    package func streamOpened(_ stream: Loop.Stream) {
        guard let socket, socket.stream === stream else { return }
        change { $0.connected(socket.number, now: $1) }
    }

    package func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        guard let socket, socket.stream === stream else { return }
        // The loop's read buffer is ours until this call returns: the codec works in it.
        core.receive(UnsafeMutableRawBufferPointer(mutating: bytes), on: socket.number, now: now)
        pumpLater()
    }

    package func streamDrained(_ stream: Loop.Stream) {}

    package func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        guard let socket, socket.stream === stream else { return }
        self.socket = nil
        change { $0.disconnected(socket.number, now: $1) }
    }
}
