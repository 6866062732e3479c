import CUV

/// Tells of a signal sent to this process, on the loop. While one watches, the signal's default does not happen.
package final class SignalWatcher: HandleOwner {
    private enum Life { case watching, closed }
    private let loop: EventLoop
    private let memory = HandleMemory<uv_signal_t>()
    private var life = Life.watching
    private var onSignal: () -> Void

    /// Begins to watch. Several signals of one kind that come together may be told once.
    ///
    /// - Throws: `LoopError` for a number that is no signal or cannot be caught.
    package init(_ signal: Int32, on loop: EventLoop, onSignal: @escaping () -> Void) throws(LoopError) {
        self.loop = loop
        self.onSignal = onSignal
        let made = uv_signal_init(loop.raw, memory.raw)
        guard made == 0 else {
            memory.discard()
            throw LoopError("signal", code: made)
        }
        memory.adopt(self)
        let started = uv_signal_start(
            memory.raw,
            { handle, _ in
                owner(handle?.pointee.data, as: SignalWatcher.self)?.received()
            }, signal)
        guard started == 0 else {
            close()
            throw LoopError("signal", code: started)
        }
    }

    /// Ends the watch; when the last one for a signal ends, its default is back.
    package func close() {
        guard life == .watching else { return }
        life = .closed
        onSignal = {}
        memory.close()
    }

    func closeWithLoop() { close() }

    private func received() {
        loop.noteCallback()
        guard life == .watching else { return }
        onSignal()
    }
}
