import CUV
import Glibc

/// A connected TCP or UNIX stream socket, or one that is being connected. It reads from the start and writes what is offered.
///
/// The socket is non-blocking and polled by the loop; reads go into the loop's one buffer, writes straight to the kernel,
/// and only what the kernel has no room for is copied into a bounded queue.
///
/// It belongs to its loop's thread, and no callback runs in the middle of a change: what every read and write looks at is
/// not checked for overlapping accesses.
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

    // First what every read and write looks at, so that it lies side by side.
    /// The socket, or -1 once closed.
    @exclusivity(unchecked) package internal(set) var descriptor: Int32
    @exclusivity(unchecked) private var number: UInt32
    /// What the poll handle is started for now, to start it again only on change.
    @exclusivity(unchecked) var polledEvents: Int32 = 0
    /// False between `pauseReading` and `resumeReading`.
    @exclusivity(unchecked) var isReading = true
    /// Between `resumeReading(sparingly: true)` and the read that leaves nothing.
    @exclusivity(unchecked) var isSparing = false
    let isUNIX: Bool
    /// Open, with nothing that waits to be written and no failure: what nearly all are at nearly every read and write, which then need
    /// not look at `phase`, `queue` and `writeFailure`.
    @exclusivity(unchecked) private(set) var isAtEase: Bool
    /// How many bytes may wait here when the kernel's buffer is full. An offer that would go above is refused whole.
    @exclusivity(unchecked) package var queueLimitBytes = 16 * 1024 * 1024
    @exclusivity(unchecked) var owner: (any StreamOwner)?
    let loop: EventLoop
    /// Memory that the owner looks at in `streamRead`: the first 128 bytes are brought near before. Nothing else is done with it.
    @exclusivity(unchecked) package var ownedMemory: UnsafeRawPointer?
    let memory = HandleMemory<uv_poll_t>()
    @exclusivity(unchecked) var queue = WriteQueue() { didSet { noteEase() } }
    @exclusivity(unchecked) var phase: Phase { didSet { noteEase() } }
    /// Writing failed while reading went on: what had arrived is read, then the stream ends with this.
    @exclusivity(unchecked) var writeFailure: LoopError? { didSet { noteEase() } }

    /// Who is at the other end; for an outgoing stream, where it goes. Empty UNIX paths are unnamed ends.
    package let peer: SocketAddress?
    /// Above this many waiting bytes an offer answers `queuedPauseNow`.
    package var highWatermarkBytes = 1024 * 1024
    /// How many received descriptors may wait for `takeDescriptor`; one more ends the stream with ENOBUFS.
    package var descriptorLimit = 64
    var receivedDescriptors: [Int32] = []
    /// Bounds finishing and lingering.
    var lingerTimer: Timer?

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
        number = tag
        isAtEase = true
        self.peer = peer ?? SocketAddress.ask({ getpeername($0, $1, $2) }, descriptor)
        isUNIX = self.peer?.isUNIX == true
        phase = .open
        try adoptHandle()
    }

    private init(
        connecting descriptor: Int32, to peer: SocketAddress, on loop: EventLoop, owner: some StreamOwner, tag: UInt32
    )
        throws(LoopError)
    {
        self.loop = loop
        self.descriptor = descriptor
        self.owner = owner
        number = tag
        isAtEase = false
        self.peer = peer
        isUNIX = peer.isUNIX
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

    /// The owner's own number for this stream.
    package var tag: UInt32 {
        get { number }
        set { number = newValue }
    }

    private func noteEase() {
        if case .open = phase { isAtEase = queue.isEmpty && writeFailure == nil } else { isAtEase = false }
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
}
