import CUV

/// A one-shot timer in milliseconds, for deadlines that need no precision: timeouts, backoffs, flushes. Cheap to arm again.
package final class Timer: HandleOwner {
    private enum Life { case idle, armed, closed }
    private let loop: EventLoop
    private let memory = HandleMemory<uv_timer_t>()
    private var life = Life.idle
    private var onFire: () -> Void

    /// Makes a timer that is not armed. `onFire` is kept until the timer is closed.
    package init(on loop: EventLoop, onFire: @escaping () -> Void) throws(LoopError) {
        self.loop = loop
        self.onFire = onFire
        uv_timer_init(loop.raw, memory.raw)
        memory.adopt(self)
    }

    package var isArmed: Bool { life == .armed }

    /// Fires once, this many milliseconds from now (libuv counts whole milliseconds: up to one early). Arming again
    /// replaces the instant. Nothing happens after `close`.
    package func arm(afterMilliseconds delay: UInt64) {
        guard life != .closed else { return }
        life = .armed
        // The loop's cached time is that of the turn's begin; a long turn would make the timer early.
        uv_update_time(loop.raw)
        uv_timer_start(
            memory.raw,
            { handle in
                owner(handle?.pointee.data, as: Timer.self)?.fired()
            }, delay, 0)
    }

    /// Forgets the instant; `onFire` is not called for it.
    package func disarm() {
        guard life == .armed else { return }
        life = .idle
        uv_timer_stop(memory.raw)
    }

    /// Ends the timer; `onFire` is never called again.
    package func close() {
        guard life != .closed else { return }
        life = .closed
        onFire = {}
        memory.close()
    }

    func closeWithLoop() { close() }

    private func fired() {
        loop.noteCallback()
        life = .idle
        onFire()
    }
}
