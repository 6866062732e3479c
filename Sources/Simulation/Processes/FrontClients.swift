import Core

/// The clients' streams of a simulated front, as `ClientSockets` keeps them.
final class FrontClients: SimulatedStreamOwner {
    private unowned let front: SimulatedFront
    private var streams: [ConnectionID: SimulatedStream] = [:]
    private var acceptedCount: UInt64 = 0
    /// Bytes that waited for slow clients when last looked at.
    private var waiting: [ConnectionID: Int] = [:]

    init(_ front: SimulatedFront) { self.front = front }

    func stream(_ id: ConnectionID) -> SimulatedStream? { streams[id] }

    func release() {
        streams = [:]
        waiting = [:]
    }

    func accept(_ make: (any SimulatedStreamOwner) -> SimulatedStream) {
        let stream = make(self)
        acceptedCount += 1
        let id = ConnectionID(rawValue: acceptedCount)
        stream.tag = acceptedCount
        stream.queueLimitBytes = 64 << 20
        let peer = stream.peer?.process?.name ?? "somebody"
        guard front.core.accepted(id, peer: peer, isLoopback: false, now: front.now) else { return stream.close() }
        streams[id] = stream
        front.world.trace { "\(self.front.name): connection \(id) from \(peer)" }
        front.pump()
    }

    func writeOwed() {
        front.core.writeOwed(now: front.now) { id, parts in
            write(id, parts.flatMap { Array($0) })
        }
    }

    private func write(_ id: ConnectionID, _ bytes: [UInt8]) -> FrontCore.Written {
        guard let stream = streams[id] else { return .all }
        switch stream.offer(front.world.tapped(bytes, stream, .clientDown)) {
        case .sent: return .all
        case .queued, .queuedPauseNow:
            waiting[id] = stream.queuedByteCount
            front.world.limits.look(atWaiting: stream.queuedByteCount, of: front.name)
            return .someWait
        case .refusedFull:
            stream.close()
            return .all
        }
    }

    /// Once a second: clients whose kernel took something since the last time are slow, not gone.
    func noteProgress() {
        for id in waiting.keys.sorted() {
            guard let stream = streams[id], stream.isBlocked, let held = waiting[id] else {
                waiting[id] = nil
                continue
            }
            if stream.queuedByteCount < held { front.core.progressed(id, now: front.now) }
            waiting[id] = stream.queuedByteCount
        }
    }

    func close(_ id: ConnectionID) { streams[id]?.closeAfterWriting() }

    func streamOpened(_ stream: SimulatedStream) {}

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        var bytes = front.world.tapped(bytes, stream, .clientUp)
        bytes.withUnsafeMutableBytes {
            front.core.receive($0, from: ConnectionID(rawValue: stream.tag), now: front.now)
        }
        front.pump()
    }

    func streamDrained(_ stream: SimulatedStream) {
        front.core.drained(ConnectionID(rawValue: stream.tag), now: front.now)
        front.pump()
    }

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        let id = ConnectionID(rawValue: stream.tag)
        guard streams.removeValue(forKey: id) != nil else { return }
        front.world.trace { "\(self.front.name): connection \(id) is over: \(end)" }
        front.core.connectionClosed(id, now: front.now)
        front.pump()
    }
}
