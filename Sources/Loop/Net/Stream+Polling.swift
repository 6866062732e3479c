import CUV
import Glibc

/// What a stream waits for, and what it does when that comes.
extension Stream {
    /// Polls for what the phase wants to know, and for nothing else.
    func pollAsNeeded() {
        guard descriptor >= 0 else { return }
        let readable = Int32(UV_READABLE.rawValue)
        let writable = Int32(UV_WRITABLE.rawValue)
        if isAtEase { return poll(isReading ? readable : 0) }
        let wanted: Int32 =
            switch phase {
            case .connecting, .connectingToFinish: writable
            case .open where writeFailure != nil: readable | writable
            case .open: (isReading ? readable : 0) | (queue.isEmpty ? 0 : writable)
            case .finishing(let farewell): (farewell.peerHasEnded ? 0 : readable) | writable
            case .lingering: readable
            case .closed: 0
            }
        poll(wanted)
    }

    private func poll(_ events: Int32) {
        guard events != polledEvents else { return }
        polledEvents = events
        guard events != 0 else {
            uv_poll_stop(memory.raw)
            return
        }
        uv_poll_start(memory.raw, events) { handle, status, events in
            guard let handle, let data = handle.pointee.data, let loop = handle.pointee.loop?.pointee.data else {
                return
            }
            // The handle holds the stream, and the stream the loop, until the close callback.
            let stream = Unmanaged<Stream>.fromOpaque(data)
            if events == Int32(UV_READABLE.rawValue), status >= 0 {
                Unmanaged<EventLoop>.fromOpaque(loop)._withUnsafeGuaranteedRef { $0.noteReadable(stream) }
            } else {
                stream._withUnsafeGuaranteedRef { $0.polled(status, events) }
            }
        }
    }

    /// There is something to be read, and nothing else is the matter.
    func becameReadable() {
        guard isAtEase else { return polled(0, Int32(UV_READABLE.rawValue)) }
        readAvailable(.oneTurn)
        pollAsNeeded()
    }

    private func polled(_ status: Int32, _ events: Int32) {
        loop.noteCallback()
        loop.readBeganNanoseconds = uv_hrtime()
        // libuv stops the handle when the socket has an error; reading or writing will say which.
        if status < 0 { polledEvents = 0 }
        switch phase {
        case .connecting, .connectingToFinish:
            connected()
        case .open, .finishing, .lingering:
            let isBroken = status < 0 || writeFailure != nil
            if isBroken || events & Int32(UV_READABLE.rawValue) != 0 { readAvailable(isBroken ? .toItsEnd : .oneTurn) }
            if isBroken || events & Int32(UV_WRITABLE.rawValue) != 0 { writeQueued() }
        case .closed: return
        }
        pollAsNeeded()
    }

    private func connected() {
        var code = Descriptors.takeError(descriptor)
        // A port without a listener, picked by the kernel as our own: TCP connects to itself.
        if code == 0, let peer, !peer.isUNIX, SocketAddress.ask({ getsockname($0, $1, $2) }, descriptor) == peer {
            code = -ECONNREFUSED
        }
        if code != 0 { return end(.failed(LoopError("connect", code: code))) }
        if case .connectingToFinish = phase {
            phase = .finishing(Farewell(end: .closedByUs, peerHasEnded: false))
            return writeQueued()
        }
        phase = .open
        owner?.streamOpened(self)
        if case .open = phase { writeQueued() }
    }
}
