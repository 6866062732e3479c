import Core
import Loop
import Node

/// The clients' sockets of a front, by connection number.
final class ClientSockets: StreamOwner {
    /// Its owner, which is there for as long as this is.
    private unowned(unsafe) let shell: FrontShell
    /// By place. A connection's number is its place below a count, so a place that is used again makes a new number.
    ///
    /// Each is held from `accepted` to `streamClosed`, by hand, so that the writes of a fan-out need not count references.
    @exclusivity(unchecked) private var streams: [Unmanaged<Loop.Stream>?] = []
    @exclusivity(unchecked) private var ids: [ConnectionID] = []
    private var freePlaces: [UInt32] = []
    private var acceptedCount: UInt64 = 0
    /// Bytes that waited for slow clients when last looked at.
    private var waiting: [ConnectionID: Int] = [:]

    init(_ shell: FrontShell) { self.shell = shell }

    deinit {
        for stream in streams { stream?.release() }
    }

    func stream(_ id: ConnectionID) -> Loop.Stream? {
        let place = Self.place(of: id)
        return place < ids.count && ids[place] == id ? streams[place]?.takeUnretainedValue() : nil
    }

    func isLoopback(_ id: ConnectionID) -> Bool { stream(id)?.peer?.isLoopback ?? false }

    private static func place(of id: ConnectionID) -> Int { Int(UInt32(truncatingIfNeeded: id.rawValue)) }

    private func newID() -> ConnectionID {
        acceptedCount += 1
        let place = freePlaces.popLast() ?? UInt32(ids.count)
        let id = ConnectionID(rawValue: acceptedCount << 32 | UInt64(place))
        if Int(place) == ids.count {
            ids.append(id)
            streams.append(nil)
        } else {
            ids[Int(place)] = id
        }
        return id
    }

    func accepted(_ descriptor: Int32, _ peer: SocketAddress) {
        let id = newID()
        let place = Self.place(of: id)
        guard
            shell.core.accepted(id, peer: peer.host, isLoopback: peer.isLoopback, now: shell.loop.now)
        else {
            freePlaces.append(UInt32(place))
            return Descriptors.close(descriptor)
        }
        do {
            let stream = try Loop.Stream(accepted: descriptor, on: shell.loop, owner: self)
            stream.tag = UInt32(place)
            stream.queueLimitBytes = 64 << 20
            stream.ownedMemory = shell.core.whereabouts(of: id)
            stream.tune(noDelay: true, notSentLowWaterBytes: 16 << 10)
            streams[place] = .passRetained(stream)
        } catch {
            shell.log.warning("a connection was not taken", ["error": "\(error)"])
            shell.core.connectionClosed(id, now: shell.loop.now)
            freePlaces.append(UInt32(place))
        }
    }

    /// Writes what is owed to connections in this turn: one write each.
    func writeOwed() {
        shell.core.writeOwed(now: shell.loop.now) { id, parts in
            write(parts, to: id)
        }
    }

    @inline(__always)
    private func write(_ parts: [UnsafeRawBufferPointer], to id: ConnectionID) -> FrontCore.Written {
        let place = Self.place(of: id)
        guard let stream = streams[place] else { return .all }
        // Who is written to next is most often who came next: its memory comes while the kernel takes these bytes.
        if place + 1 < streams.count, let next = streams[place + 1] { Loop.Stream.prefetch(next) }
        return stream._withUnsafeGuaranteedRef { stream in
            switch stream.offer(parts) {
            case .sent: return .all
            case .queued, .queuedPauseNow:
                waiting[id] = stream.queuedByteCount
                return .someWait
            case .refusedFull:
                stream.close()
                return .all
            }
        }
    }

    /// Bytes that wait in this process for clients that do not take them now.
    var waitingByteCount: Int { waiting.keys.reduce(0) { $0 + (stream($1)?.queuedByteCount ?? 0) } }

    /// Once a second: clients whose kernel took something since the last time are slow, not gone.
    func noteProgress() {
        for (id, held) in waiting {
            guard let stream = stream(id), stream.isBlocked else {
                waiting[id] = nil
                continue
            }
            if stream.queuedByteCount < held { shell.core.progressed(id, now: shell.loop.now) }
            waiting[id] = stream.queuedByteCount
        }
    }

    func close(_ id: ConnectionID) { stream(id)?.closeAfterWriting() }

    private func id(of stream: Loop.Stream) -> ConnectionID { ids[Int(stream.tag)] }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        // The loop's read buffer is ours until this call returns: the codec unmasks in it.
        let isWaiting = shell.core.hear(
            UnsafeMutableRawBufferPointer(mutating: bytes), from: id(of: stream),
            now: Instant(nanoseconds: stream.readBeganNanoseconds))
        if !isWaiting { shell.pump() }
    }

    func streamDrained(_ stream: Loop.Stream) {
        shell.core.drained(id(of: stream), now: shell.loop.now)
        shell.pump()
    }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let place = Int(stream.tag)
        guard let held = streams[place], held.toOpaque() == Unmanaged.passUnretained(stream).toOpaque() else { return }
        streams[place] = nil
        defer { held.release() }
        shell.core.connectionClosed(ids[place], now: shell.loop.now)
        freePlaces.append(stream.tag)
        shell.pump()
    }
}

extension SocketAddress {
    /// The address without its port, for limits by address.
    var host: String {
        guard let port else { return description }
        let suffix = ":\(port)"
        return description.hasSuffix(suffix) ? String(description.dropLast(suffix.count)) : description
    }
}

/// The trunks' sockets of a front, by trunk number.
final class TrunkSockets: StreamOwner {
    private unowned let shell: FrontShell
    private var streams: [TrunkID: Loop.Stream] = [:] {
        didSet { descriptors = streams.values.map(\.descriptor) }
    }
    /// What what backs say comes on.
    private(set) var descriptors: [Int32] = []

    init(_ shell: FrontShell) { self.shell = shell }

    func connect(_ id: TrunkID, _ address: String) {
        do {
            guard let address = SocketAddress(address) else { throw LoopError("address", code: -22) }
            let stream = try Loop.Stream.connect(to: address, on: shell.loop, owner: self)
            stream.tag = UInt32(truncatingIfNeeded: id.rawValue)
            stream.queueLimitBytes = Limits.trunkBacklogBytes
            streams[id] = stream
        } catch {
            shell.log.warning("a back could not be reached", ["address": address, "error": "\(error)"])
            shell.core.trunkClosed(id, now: shell.loop.now)
        }
    }

    func send(_ id: TrunkID, _ bytes: [UInt8]) {
        guard let stream = streams[id] else { return }
        if stream.offer(bytes) == .refusedFull {
            stream.close()
        } else {
            shell.core.trunkUnsent(id, byteCount: stream.queuedByteCount)
        }
    }

    func close(_ id: TrunkID) { streams[id]?.closeAfterWriting() }

    private func id(of stream: Loop.Stream) -> TrunkID { TrunkID(rawValue: UInt64(stream.tag)) }

    func streamOpened(_ stream: Loop.Stream) {
        stream.tune(noDelay: true)
        shell.core.trunkConnected(id(of: stream), now: shell.loop.now)
        shell.pump()
    }

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        shell.core.receive(bytes, on: id(of: stream), now: shell.loop.now)
        shell.pump()
    }

    func streamDrained(_ stream: Loop.Stream) {
        shell.core.trunkUnsent(id(of: stream), byteCount: 0)
        shell.pump()
    }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        guard streams.removeValue(forKey: id(of: stream)) != nil else { return }
        shell.core.trunkClosed(id(of: stream), now: shell.loop.now)
        shell.pump()
    }
}
