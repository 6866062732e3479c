import Core

/// The trunks' streams of a simulated front, as `TrunkSockets` keeps them.
final class FrontTrunks: SimulatedStreamOwner {
    private unowned let front: SimulatedFront
    private var streams: [TrunkID: SimulatedStream] = [:]

    init(_ front: SimulatedFront) { self.front = front }

    func release() { streams = [:] }

    /// Trunks that stand, oldest first.
    var open: [SimulatedStream] { streams.keys.sorted().compactMap { streams[$0] } }

    func connect(_ id: TrunkID, _ address: String) {
        let stream = front.world.network.connect(to: address, by: front, owner: self)
        stream.tag = id.rawValue
        stream.queueLimitBytes = Limits.trunkBacklogBytes
        streams[id] = stream
    }

    func send(_ id: TrunkID, _ bytes: [UInt8]) {
        guard let stream = streams[id] else { return }
        let bytes = front.world.tapped(bytes, stream, .trunkUp)
        if stream.offer(bytes) == .refusedFull {
            stream.close()
        } else {
            front.core.trunkUnsent(id, byteCount: stream.queuedByteCount)
        }
    }

    func close(_ id: TrunkID) { streams[id]?.closeAfterWriting() }

    func streamOpened(_ stream: SimulatedStream) {
        front.core.trunkConnected(TrunkID(rawValue: stream.tag), now: front.now)
        front.pump()
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        bytes.withUnsafeBytes { front.core.receive($0, on: TrunkID(rawValue: stream.tag), now: front.now) }
        front.pump()
    }

    func streamDrained(_ stream: SimulatedStream) {
        front.core.trunkUnsent(TrunkID(rawValue: stream.tag), byteCount: 0)
        front.pump()
    }

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        let id = TrunkID(rawValue: stream.tag)
        guard streams.removeValue(forKey: id) != nil else { return }
        front.world.trace { "\(self.front.name): trunk \(id) is over: \(end)" }
        front.core.trunkClosed(id, now: front.now)
        front.pump()
    }
}
