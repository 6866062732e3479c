import CUV
import Glibc

/// How a stream begins and how it ends.
extension Stream {
    /// Ties the socket to the loop. On failure nothing stays open and no callback comes.
    func adoptHandle() throws(LoopError) {
        let answer = uv_poll_init(loop.raw, memory.raw, descriptor)
        guard answer == 0 else {
            memory.discard()
            Glibc.close(descriptor)
            descriptor = -1
            throw LoopError("stream", code: answer)
        }
        memory.adopt(self)
        pollAsNeeded()
    }

    /// The one way to `closed`. The owner is told from the handle's close callback, later in this turn or, when very many end at
    /// once, in one soon after.
    func end(_ end: StreamEnd) {
        if case .closed = phase { return }
        guard descriptor >= 0 else { return }
        phase = .closed(end)
        lingerTimer?.close()
        lingerTimer = nil
        queue.discard()
        loop.release(self)
    }

    /// Closes the socket of an ended stream.
    func release() {
        // In this order: libuv must have forgotten the descriptor before its number can be used again.
        memory.close()
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Writes out what is queued, then ends.
    func finish(_ farewell: Farewell, lingerMilliseconds: UInt64 = 2000) {
        phase = .finishing(farewell)
        startLinger(lingerMilliseconds)
        if queue.isEmpty { shutWriting() } else { pollAsNeeded() }
    }

    /// All is written: tells the peer, and waits for its end unless that has come.
    func shutWriting() {
        guard case .finishing(let farewell) = phase else { return }
        guard !farewell.peerHasEnded, shutdown(descriptor, Int32(SHUT_WR)) == 0 else { return end(farewell.end) }
        phase = .lingering(farewell)
        pollAsNeeded()
    }

    func startLinger(_ milliseconds: UInt64) {
        guard lingerTimer == nil else { return }
        // A timer has no resource to run out of; if it had, ending at once is the bound that is left.
        guard let timer = try? Timer(on: loop, onFire: { [unowned self] in end(farewellEnd) }) else {
            return end(.closedByUs)
        }
        timer.arm(afterMilliseconds: milliseconds)
        lingerTimer = timer
    }

    private var farewellEnd: StreamEnd {
        switch phase {
        case .finishing(let farewell), .lingering(let farewell): farewell.end
        case .connecting, .connectingToFinish, .open, .closed: .closedByUs
        }
    }
}
