import Core
import Glibc
import Loop
import State
import Synchronization

/// A client that takes so many bytes a second from its socket and no more: the product's own core on a thread of its own, with a
/// small receive buffer, so that what it does not take waits at the front.
final class SlowReader: Sendable {
    /// What it saw so far.
    struct Sight: Sendable {
        var bytes = 0
        var commits = 0
        var connections = 0
        /// The tick that it holds.
        var count: Int64 = 0
        var breaches = Breaches()
    }

    private static let stepsPerSecond = 10
    private static let receiveBufferBytes: Int32 = 4096

    private let port: UInt16
    private let channel: String
    private let bytesPerSecond: Int
    private let sight = Mutex(Sight())
    private let isOver = Atomic<Bool>(false)

    init(_ port: UInt16, _ channel: String, bytesPerSecond: Int, seed: UInt64) throws(LoopError) {
        (self.port, self.channel, self.bytesPerSecond) = (port, channel, bytesPerSecond)
        _ = try LoopThread { [self] in run(seed) }
    }

    /// What it saw until now; may be asked at any time.
    var seen: Sight { sight.withLock { $0 } }

    func stop() { isOver.store(true, ordering: .relaxed) }

    private func run(_ seed: UInt64) {
        var core = ClientCore(settings: ClientSettings(transport: .plain), seed: seed)
        var check = StreamCheck()
        var socket: (number: TryNumber, descriptor: Int32)?
        core.start(now: now)
        do throws(Farewell) { try core.read(channel, now: now) } catch { return note(.notServed, error.reason) }
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, bytesPerSecond / Self.stepsPerSecond), alignment: 16)
        defer { room.deallocate() }
        while !isOver.load(ordering: .relaxed) {
            core.tick(now: now)
            carryOut(&core, &socket, &check)
            usleep(UInt32(1_000_000 / Self.stepsPerSecond))
            guard let (number, descriptor) = socket else { continue }
            let count = recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                sight.withLock { $0.bytes += count }
                core.receive(UnsafeMutableRawBufferPointer(rebasing: room[..<count]), on: number, now: now)
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                close(descriptor)
                socket = nil
                note(.cut, "the slow reader")
                core.disconnected(number, now: now)
            }
            carryOut(&core, &socket, &check)
        }
        if let socket { close(socket.descriptor) }
    }

    private func carryOut(
        _ core: inout ClientCore, _ socket: inout (number: TryNumber, descriptor: Int32)?, _ check: inout StreamCheck
    ) {
        while let directive = core.nextDirective() {
            switch directive {
            case .connect(let number):
                guard let descriptor = UnixSocket.connect(port: port, receiveBufferBytes: Self.receiveBufferBytes)
                else {
                    note(.notServed, "the slow reader")
                    core.disconnected(number, now: now)
                    continue
                }
                socket = (number, descriptor)
                sight.withLock { $0.connections += 1 }
                core.connected(number, now: now)
            case .send(let number, let bytes):
                if let socket, socket.number == number { UnixSocket.send(bytes, to: socket.descriptor) }
            case .close(let number):
                guard let open = socket, open.number == number else { continue }
                close(open.descriptor)
                socket = nil
            case .tell(.committed):
                guard let room = core.room(channel) else { continue }
                sight.withLock { sight in
                    check.look(at: room, &sight.breaches)
                    sight.commits = check.commits
                    sight.count = check.count
                }
            case .tell(.status(.stopped(let code, let reason))): note(.thrownOut, "the slow reader: \(code) \(reason)")
            case .tell(.status(.waiting(_, let code, let reason))): note(.cut, "the slow reader: \(code) \(reason)")
            case .tell: continue
            }
        }
    }

    private func note(_ breach: Breach, _ example: String) {
        sight.withLock { $0.breaches.note(breach, example) }
    }

    private var now: Instant { Instant(nanoseconds: Wait.nowNanoseconds) }
}
