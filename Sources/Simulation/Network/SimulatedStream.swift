import Core

/// A connected stream of a simulated process, or one that is being connected: the loop's `Stream` without a socket.
///
/// It reads from the start and writes what is offered; what the simulated kernel has no room for waits in a bounded queue. Calls
/// of the owner are events of the scheduler, never made from inside a method of the stream.
package final class SimulatedStream {
    /// connecting → open → finishing → lingering → closed, and from every one to closed.
    enum Phase {
        case connecting
        case connectingToFinish
        case open
        case finishing(Farewell)
        case lingering(Farewell)
        case closed(SimulatedEnd)
    }

    struct Farewell {
        var end: SimulatedEnd
        var peerHasEnded: Bool
    }

    /// The owner's own number for this stream.
    package var tag: UInt64 = 0
    package var queueLimitBytes = 16 << 20
    package var highWatermarkBytes = 1 << 20
    /// Who owns the stream; nil in tests of the transport alone, and when the world is over.
    private(set) var process: SimulatedProcess?
    unowned let network: SimulatedNetwork
    private(set) var phase: Phase
    private(set) var owner: (any SimulatedStreamOwner)?
    private var queue = ByteQueue()
    private var isReading = true
    /// As in the loop's stream: 4 KiB a read until nothing is left.
    private var isSparing = false
    private static let sparingByteCount = 4096
    private static let readByteCount = 65_536
    private var hasWriteFailed = false
    /// What leaves and what comes; nil until the connection stands.
    private(set) var outgoing: Wire?
    private(set) var incoming: Wire?

    init(_ network: SimulatedNetwork, _ process: SimulatedProcess?, owner: any SimulatedStreamOwner, _ phase: Phase) {
        self.network = network
        self.process = process
        self.owner = owner
        self.phase = phase
        process?.own(self)
    }

    private var scheduler: Scheduler { network.scheduler }

    // MARK: What is

    package var queuedByteCount: Int { queue.count }
    package var isBlocked: Bool { !queue.isEmpty }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    var isStanding: Bool { outgoing != nil && !isClosed }
    var peer: SimulatedStream? { outgoing?.to }

    private var takesOffers: Bool {
        switch phase {
        case .connecting, .open: !hasWriteFailed
        case .connectingToFinish, .finishing, .lingering, .closed: false
        }
    }

    // MARK: What the owner wants

    /// Offers bytes to be sent behind all that was offered before. All of them are taken or none is.
    package func offer(_ bytes: [UInt8]) -> SimulatedOffer {
        guard takesOffers, queue.count + bytes.count <= queueLimitBytes else { return .refusedFull }
        var sent = 0
        if case .open = phase, queue.isEmpty {
            sent = send(bytes[...])
            if hasWriteFailed { return .queued }
        }
        if sent < bytes.count { queue.append(bytes[sent...]) }
        return queue.count > highWatermarkBytes ? .queuedPauseNow : queue.isEmpty ? .sent : .queued
    }

    package func pauseReading() { isReading = false }

    package func resumeReading(sparingly: Bool = false) {
        isReading = true
        isSparing = sparingly
        incoming.map(scheduleRead)
    }

    /// Ends the stream at once; what is queued is lost.
    package func close() { end(.closedByUs) }

    /// Ends the stream when the queue is written out and the peer has ended its side too, or after the linger time.
    package func closeAfterWriting(linger: Duration = .seconds(2)) {
        switch phase {
        case .connecting: phase = .connectingToFinish
        case .open: finish(Farewell(end: .closedByUs, peerHasEnded: false))
        case .connectingToFinish, .finishing, .lingering, .closed: return
        }
        scheduler.after(linger, for: process, .kernel) { [weak self] in self?.lingerPassed() }
    }

    /// Ends at once and in a way that the peer sees as a broken connection.
    package func reset() {
        outgoing?.finish(.reset, now: scheduler.now)
        if let outgoing { outgoing.to.scheduleRead(outgoing) }
        vanish(.closedByUs)
    }

    // MARK: What the network does

    func connected(_ outgoing: Wire, _ incoming: Wire) {
        self.outgoing = outgoing
        self.incoming = incoming
        switch phase {
        case .connecting:
            phase = .open
            owner?.streamOpened(self)
            if case .open = phase { writeQueued() }
        case .connectingToFinish:
            phase = .finishing(Farewell(end: .closedByUs, peerHasEnded: false))
            writeQueued()
        case .open, .finishing, .lingering, .closed: break
        }
    }

    func join(_ outgoing: Wire, _ incoming: Wire) {
        self.outgoing = outgoing
        self.incoming = incoming
    }

    func refused() { end(.refused) }

    /// The process is gone: its kernel ends the connection, and nobody is told here.
    func abandon() {
        owner = nil
        end(.closedByUs)
    }

    /// Whoever would be called is forgotten, and whose it is: processes hold their streams.
    func forget() {
        owner = nil
        process = nil
        outgoing = nil
        incoming = nil
    }

    // MARK: Reading

    func scheduleRead(_ wire: Wire) {
        guard !wire.isReadScheduled, let at = wire.nextAt else { return }
        if case .open = phase, !isReading { return }
        wire.isReadScheduled = true
        scheduler.at(at, for: process, .kernel) { [weak self] in
            wire.isReadScheduled = false
            self?.readable(wire)
        }
    }

    private func readable(_ wire: Wire) {
        switch phase {
        case .connecting, .connectingToFinish: return
        case .closed:
            // Bytes for nobody: the kernel answers that there is no such connection.
            guard wire.hasArrived(by: scheduler.now), let outgoing else { return }
            wire.discard()
            outgoing.finish(.reset, now: scheduler.now)
            outgoing.to.scheduleRead(outgoing)
            return
        case .open: guard isReading else { return }
        case .finishing, .lingering: break
        }
        let room = isSparing ? Self.sparingByteCount : Self.readByteCount
        let available = wire.arrivedByteCount(by: scheduler.now, limit: room)
        guard available > 0 else { return ended(wire) }
        if available < room { isSparing = false }
        var bytes = wire.read(network.readSize(available, self), now: scheduler.now)
        wire.from.roomCame(wire)
        if case .open = phase { owner?.streamRead(self, &bytes) }
        if !isClosed || wire.hasArrived(by: scheduler.now) { scheduleRead(wire) }
    }

    private func ended(_ wire: Wire) {
        guard let kind = wire.hasEnded(by: scheduler.now) else { return scheduleRead(wire) }
        switch (kind, phase) {
        case (.fin, .open) where !hasWriteFailed:
            if queue.isEmpty { end(.ended) } else { finish(Farewell(end: .ended, peerHasEnded: true)) }
        case (_, .open): end(.reset)
        case (.fin, .finishing(var farewell)):
            farewell.peerHasEnded = true
            phase = .finishing(farewell)
        case (_, .finishing(let farewell)), (_, .lingering(let farewell)): end(farewell.end)
        case (_, .connecting), (_, .connectingToFinish), (_, .closed): break
        }
    }

    // MARK: Writing

    /// Sends what the kernel takes at once; answers how many bytes that was.
    private func send(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let outgoing, let incoming else { return 0 }
        guard !incoming.isReset(by: scheduler.now) else {
            failWriting()
            return 0
        }
        let count = min(bytes.count, network.writeSize(outgoing.room, self))
        guard count > 0 else {
            if outgoing.room > 0 { roomCame(outgoing) }
            return 0
        }
        outgoing.send(bytes.prefix(count), now: scheduler.now, delay: network.delay(self))
        outgoing.to.scheduleRead(outgoing)
        if count < bytes.count, outgoing.room > 0 { roomCame(outgoing) }
        return count
    }

    private func failWriting() {
        queue.removeAll()
        switch phase {
        case .open where isReading:
            hasWriteFailed = true
            incoming.map(scheduleRead)
        case .finishing(let farewell), .lingering(let farewell): end(farewell.end)
        case .open, .connecting, .connectingToFinish, .closed: end(.reset)
        }
    }

    /// The reader took something: whoever waits for room may go on.
    private func roomCame(_ wire: Wire) {
        guard !wire.isRoomScheduled, !wire.isLost else { return }
        wire.isRoomScheduled = true
        scheduler.after(wire.latency, for: process, .kernel) { [weak self] in
            wire.isRoomScheduled = false
            self?.writeQueued()
        }
    }

    private func writeQueued() {
        let wasBlocked = isBlocked
        while !queue.isEmpty, !isClosed {
            guard let outgoing else { return }
            let size = min(queue.count, outgoing.room)
            guard size > 0, !outgoing.isLost else { return }
            let bytes = queue.removeFirst(size)
            let sent = send(bytes[...])
            if hasWriteFailed || isClosed { return }
            guard sent == bytes.count else {
                var rest = ByteQueue()
                rest.append(bytes[sent...])
                rest.append(queue.removeFirst(queue.count)[...])
                queue = rest
                return
            }
        }
        switch phase {
        case .open where wasBlocked: owner?.streamDrained(self)
        case .finishing: shutWriting()
        case .open, .connecting, .connectingToFinish, .lingering, .closed: break
        }
    }

    // MARK: Ends

    private func finish(_ farewell: Farewell) {
        phase = .finishing(farewell)
        if queue.isEmpty { shutWriting() }
        incoming.map(scheduleRead)
    }

    private func shutWriting() {
        guard case .finishing(let farewell) = phase else { return }
        outgoing?.finish(.fin, now: scheduler.now)
        if let outgoing { outgoing.to.scheduleRead(outgoing) }
        guard !farewell.peerHasEnded else { return vanish(farewell.end) }
        phase = .lingering(farewell)
        incoming.map(scheduleRead)
    }

    private func lingerPassed() {
        switch phase {
        case .finishing(let farewell), .lingering(let farewell): end(farewell.end)
        case .connectingToFinish: end(.closedByUs)
        case .connecting, .open, .closed: break
        }
    }

    private func end(_ end: SimulatedEnd) {
        guard !isClosed else { return }
        if let outgoing, let incoming {
            let hasUnread = incoming.hasArrived(by: scheduler.now)
            outgoing.finish(hasUnread ? .reset : .fin, now: scheduler.now)
            outgoing.to.scheduleRead(outgoing)
        }
        vanish(end)
    }

    private func vanish(_ end: SimulatedEnd) {
        guard !isClosed else { return }
        phase = .closed(end)
        queue.removeAll()
        process?.disown(self)
        scheduler.at(scheduler.now, for: process) { [self] in
            guard let owner else { return }
            self.owner = nil
            owner.streamClosed(self, end)
        }
    }
}
