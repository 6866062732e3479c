import CUV
import Glibc

/// A connected TCP or UNIX stream socket, or one that is being connected. It reads from the start and writes what is offered.
///
/// The socket is non-blocking and polled by the loop; reads go into the loop's one buffer, writes straight to the kernel,
/// and only what the kernel has no room for is copied into a bounded queue.
package final class Stream: HandleOwner {
    /// Where a stream is in its life; each goes to one below it, never back:
    /// connecting → open → finishing → lingering → closed, and from every one to closed.
    enum Phase {
        case connecting
        /// As `connecting`; `closeAfterWriting` was called, so it goes on to `finishing`.
        case connectingToFinish
        case open
        /// Writes out its queue, throws away what it reads, takes nothing new; then says so to the peer.
        case finishing(Farewell)
        /// All is written and our side is shut: waits for the peer's end, so that unread input does not make the kernel
        /// reset the connection under our last bytes.
        case lingering(Farewell)
        case closed(StreamEnd)
    }

    struct Farewell {
        /// What the owner will be told.
        var end: StreamEnd
        /// The peer has ended its side: there is nothing more to read.
        var peerHasEnded: Bool
    }

    /// The owner's own number for this stream.
    package var tag: UInt32
    /// Who is at the other end; for an outgoing stream, where it goes. Empty UNIX paths are unnamed ends.
    package let peer: SocketAddress?
    /// How many bytes may wait here when the kernel's buffer is full. An offer that would go above is refused whole.
    package var queueLimitBytes = 16 * 1024 * 1024
    /// Above this many waiting bytes an offer answers `queuedPauseNow`.
    package var highWatermarkBytes = 1024 * 1024
    /// How many received descriptors may wait for `takeDescriptor`; one more ends the stream with ENOBUFS.
    package var descriptorLimit = 64

    let loop: EventLoop
    let memory = HandleMemory<uv_poll_t>()
    /// The socket, or -1 once closed.
    var descriptor: Int32
    var owner: (any StreamOwner)?
    var phase: Phase
    var queue = WriteQueue()
    var receivedDescriptors: [Int32] = []
    /// False between `pauseReading` and `resumeReading`.
    var isReading = true
    /// Writing failed while reading went on: what had arrived is read, then the stream ends with this.
    var writeFailure: LoopError?
    /// What the poll handle is started for now, to start it again only on change.
    private var polledEvents: Int32 = 0
    /// Bounds finishing and lingering.
    private var lingerTimer: Timer?

    /// Takes over a connected descriptor, from an acceptor, a socket pair or a peer; it is closed also when this throws.
    ///
    /// - Parameter peer: who is there, if that is known already; otherwise the kernel is asked.
    package init(
        accepted descriptor: Int32, peer: SocketAddress? = nil, on loop: EventLoop, owner: some StreamOwner,
        tag: UInt32 = 0
    ) throws(LoopError) {
        self.loop = loop
        self.descriptor = descriptor
        self.owner = owner
        self.tag = tag
        self.peer = peer ?? SocketAddress.ask({ getpeername($0, $1, $2) }, descriptor)
        phase = .open
        try adoptHandle()
    }

    private init(connecting descriptor: Int32, to peer: SocketAddress, on loop: EventLoop, owner: some StreamOwner, tag: UInt32)
        throws(LoopError)
    {
        self.loop = loop
        self.descriptor = descriptor
        self.owner = owner
        self.tag = tag
        self.peer = peer
        phase = .connecting
        try adoptHandle()
    }

    /// Begins to connect. The owner hears `streamOpened`, or `streamClosed` with `.failed` when nobody is there; offers made
    /// before that wait in the queue. How long it may take is the caller's to bound, with a timer and `close`.
    ///
    /// - Throws: `LoopError` only for want of descriptors or memory; then nothing is called.
    package static func connect(
        to address: SocketAddress, on loop: EventLoop, owner: some StreamOwner, tag: UInt32 = 0
    ) throws(LoopError) -> Stream {
        let descriptor = cuv_stream_socket(address.family)
        guard descriptor >= 0 else { throw .current("socket") }
        if !address.isUNIX { Descriptors.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        let answer = address.withKernelForm { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : -errno
        let stream = try Stream(connecting: descriptor, to: address, on: loop, owner: owner, tag: tag)
        if answer != 0, answer != -EINPROGRESS, answer != -EINTR {
            stream.end(.failed(LoopError("connect", code: answer)))
        }
        return stream
    }

    /// Ends the stream at once; what is queued is lost. `streamClosed` follows in a later callback.
    package func close() { end(.closedByUs) }

    /// Ends the stream when the queue is written out and the peer has ended its side too, or after the linger time.
    /// From now on nothing is read and no offer taken; `streamClosed` with `.closedByUs` follows.
    package func closeAfterWriting(lingerMilliseconds: UInt64 = 2000) {
        switch phase {
        case .connecting:
            phase = .connectingToFinish
            startLinger(lingerMilliseconds)
        case .open:
            finish(Farewell(end: .closedByUs, peerHasEnded: false), lingerMilliseconds: lingerMilliseconds)
        case .connectingToFinish, .finishing, .lingering, .closed: break
        }
    }

    /// Sets what the kernel does for this socket. TCP sockets of this module begin with TCP_NODELAY on.
    ///
    /// - Parameters:
    ///   - notSentLowWaterBytes: TCP_NOTSENT_LOWAT, how much unsent data the kernel takes before it is "full"; nil leaves it.
    ///   - sendBufferBytes: SO_SNDBUF, which then no longer grows by itself; nil leaves it.
    package func tune(noDelay: Bool, notSentLowWaterBytes: Int? = nil, sendBufferBytes: Int? = nil) {
        guard descriptor >= 0 else { return }
        if let sendBufferBytes { Descriptors.set(descriptor, SOL_SOCKET, SO_SNDBUF, sendBufferBytes) }
        guard peer?.isUNIX != true else { return }
        let level = Int32(IPPROTO_TCP)
        Descriptors.set(descriptor, level, TCP_NODELAY, noDelay ? 1 : 0)
        if let notSentLowWaterBytes { Descriptors.set(descriptor, level, TCP_NOTSENT_LOWAT, notSentLowWaterBytes) }
    }

    /// True until the owner or the peer began to end it.
    package var isOpen: Bool {
        switch phase {
        case .connecting, .open: writeFailure == nil
        case .connectingToFinish, .finishing, .lingering, .closed: false
        }
    }

    func closeWithLoop() { close() }

    func handleClosed() {
        loop.noteCallback()
        guard case .closed(let end) = phase, let owner else { return }
        self.owner = nil
        owner.streamClosed(self, end)
        for one in receivedDescriptors { Glibc.close(one) }
        receivedDescriptors = []
    }

    // MARK: The life of the socket

    /// Ties the socket to the loop. On failure nothing stays open and no callback comes.
    private func adoptHandle() throws(LoopError) {
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

    /// The one way to `closed`. The owner is told from the handle's close callback, later in this turn.
    func end(_ end: StreamEnd) {
        guard descriptor >= 0 else { return }
        phase = .closed(end)
        lingerTimer?.close()
        lingerTimer = nil
        queue.discard()
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

    private func startLinger(_ milliseconds: UInt64) {
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

    // MARK: Polling

    /// Polls for what the phase wants to know, and for nothing else.
    func pollAsNeeded() {
        guard descriptor >= 0 else { return }
        let readable = Int32(UV_READABLE.rawValue)
        let writable = Int32(UV_WRITABLE.rawValue)
        let wanted: Int32 =
            switch phase {
            case .connecting, .connectingToFinish: writable
            case .open where writeFailure != nil: readable | writable
            case .open: (isReading ? readable : 0) | (queue.isEmpty ? 0 : writable)
            case .finishing(let farewell): (farewell.peerHasEnded ? 0 : readable) | writable
            case .lingering: readable
            case .closed: 0
            }
        guard wanted != polledEvents else { return }
        poll(wanted)
    }

    private func poll(_ events: Int32) {
        polledEvents = events
        guard events != 0 else {
            uv_poll_stop(memory.raw)
            return
        }
        uv_poll_start(memory.raw, events) { handle, status, events in
            Loop.owner(handle?.pointee.data, as: Stream.self)?.polled(status, events)
        }
    }

    private func polled(_ status: Int32, _ events: Int32) {
        loop.noteCallback()
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
