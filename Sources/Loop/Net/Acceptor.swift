import CUV
import Glibc

/// Accepts from a listener that other loops and processes may share: polled, so that it neither resets the shared backlog
/// nor parks an accepted client, which `uv_listen` does.
package final class Acceptor: HandleOwner {
    /// Why nothing is accepted just now, or that something is. `resting` goes back to accepting by itself.
    private enum Life { case accepting, resting, paused, closed }

    /// Connections handed to `onAccept`.
    package private(set) var acceptedCount: UInt64 = 0
    /// Turns that accepted as many as one may: whoever else came waits for the next.
    package private(set) var fullTurnCount: UInt64 = 0
    /// Failed accepts: clients that were gone already, and times that descriptors or memory ran out.
    package private(set) var errorCount: UInt64 = 0
    /// Those of `errorCount` that made the acceptor rest 100 ms: almost always no descriptor left in process or machine.
    package private(set) var restCount: UInt64 = 0
    /// The latest of the errors counted.
    package private(set) var lastError: LoopError?

    private let loop: EventLoop
    private let memory = HandleMemory<uv_poll_t>()
    private let descriptor: Int32
    private let batchLimit: Int
    private var onAccept: (Int32, SocketAddress) -> Void
    private var life = Life.accepting
    private var rest: Timer?
    private static let restMilliseconds: UInt64 = 100

    /// Begins to accept. The listening descriptor is taken over and closed by `close`, or when this throws.
    ///
    /// - Parameters:
    ///   - batchLimit: how many connections one turn accepts at most, so that other work gets its share.
    ///   - onAccept: takes over each new descriptor, non-blocking, usually into `Stream(accepted:)`, or closes it.
    package init(
        _ descriptor: Int32, on loop: EventLoop, batchLimit: Int = 64,
        onAccept: @escaping (Int32, SocketAddress) -> Void
    ) throws(LoopError) {
        self.loop = loop
        self.descriptor = descriptor
        self.batchLimit = batchLimit
        self.onAccept = onAccept
        let answer = uv_poll_init(loop.raw, memory.raw, descriptor)
        guard answer == 0 else {
            memory.discard()
            Glibc.close(descriptor)
            throw LoopError("accept", code: answer)
        }
        memory.adopt(self)
        do {
            rest = try Timer(on: loop) { [unowned self] in restEnded() }
        } catch {
            close()
            throw error
        }
        poll()
    }

    package var isAccepting: Bool { life == .accepting }

    /// Leaves clients in the backlog, for other sharers to take, until `resume`.
    package func pause() {
        guard life == .accepting || life == .resting else { return }
        life = .paused
        rest?.disarm()
        uv_poll_stop(memory.raw)
    }

    package func resume() {
        guard life == .paused else { return }
        life = .accepting
        poll()
    }

    /// Stops for good and closes this copy of the listener.
    package func close() {
        guard life != .closed else { return }
        life = .closed
        rest?.close()
        rest = nil
        memory.close()
        Glibc.close(descriptor)
        onAccept = { descriptor, _ in Glibc.close(descriptor) }
    }

    func closeWithLoop() { close() }

    private func poll() {
        uv_poll_start(memory.raw, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            owner(handle?.pointee.data, as: Acceptor.self)?.readable()
        }
    }

    private func readable() {
        loop.noteCallback()
        for _ in 0..<batchLimit where life == .accepting {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = cuv_accept(descriptor, &storage, &length)
            if accepted >= 0 {
                acceptedCount += 1
                onAccept(accepted, SocketAddress(&storage, length: length) ?? .unix(""))
                continue
            }
            let error = LoopError.current("accept")
            // Another sharer was faster, or the backlog is empty.
            if error.code == -EAGAIN { return }
            errorCount += 1
            lastError = error
            if !Self.isTheClientsOwn(error) { return restAWhile() }
        }
        if life == .accepting { fullTurnCount += 1 }
    }

    /// One connection failed before it was taken; the next may be fine.
    private static func isTheClientsOwn(_ error: LoopError) -> Bool {
        [-ECONNABORTED, -EINTR, -EPROTO, -EPERM].contains(error.code)
    }

    private func restAWhile() {
        restCount += 1
        life = .resting
        uv_poll_stop(memory.raw)
        rest?.arm(afterMilliseconds: Self.restMilliseconds)
    }

    private func restEnded() {
        guard life == .resting else { return }
        life = .accepting
        poll()
    }
}
