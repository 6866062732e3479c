import CUV
import Glibc

/// A one-shot timer at an absolute instant of CLOCK_MONOTONIC, for the tick: never early, and a grid of instants does not
/// drift, because each is armed by its own number. The kernel's timerfd, polled.
package final class GridTimer: HandleOwner {
    private let loop: EventLoop
    private let memory = HandleMemory<uv_poll_t>()
    /// The timerfd, or -1 once closed.
    private var descriptor: Int32
    private var onFire: () -> Void

    /// Makes a timer that is not armed. `onFire` is kept until the timer is closed.
    ///
    /// - Throws: `LoopError` when the process is out of descriptors.
    package init(on loop: EventLoop, onFire: @escaping () -> Void) throws(LoopError) {
        self.loop = loop
        self.onFire = onFire
        descriptor = cuv_timerfd()
        let answer = descriptor < 0 ? descriptor : uv_poll_init(loop.raw, memory.raw, descriptor)
        guard answer == 0 else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            memory.discard()
            throw LoopError("timerfd", code: answer)
        }
        memory.adopt(self)
        uv_poll_start(memory.raw, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            owner(handle?.pointee.data, as: GridTimer.self)?.readable()
        }
    }

    /// Fires once at this instant, or at once if it has passed. Arming again replaces the instant.
    package func arm(atNanoseconds instant: UInt64) {
        guard descriptor >= 0 else { return }
        // Zero would disarm.
        _ = cuv_timerfd_arm(descriptor, max(instant, 1))
    }

    /// Forgets the instant; `onFire` is not called for it.
    package func disarm() {
        guard descriptor >= 0 else { return }
        _ = cuv_timerfd_arm(descriptor, 0)
    }

    /// Ends the timer; `onFire` is never called again.
    package func close() {
        guard descriptor >= 0 else { return }
        memory.close()
        Glibc.close(descriptor)
        descriptor = -1
        onFire = {}
    }

    func closeWithLoop() { close() }

    private func readable() {
        loop.noteCallback()
        guard descriptor >= 0 else { return }
        var expirationCount: UInt64 = 0
        // Nothing to read: armed anew or disarmed by another callback of this turn.
        guard read(descriptor, &expirationCount, 8) == 8 else { return }
        onFire()
    }
}
