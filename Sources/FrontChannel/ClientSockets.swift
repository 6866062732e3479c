import Core
import Loop
import Node

/// The clients' sockets of a front, by connection number.
final class ClientSockets: StreamOwner {
    private unowned let shell: FrontShell
    private var streams: [ConnectionID: Loop.Stream] = [:]
    private var last: UInt32 = 0

    init(_ shell: FrontShell) { self.shell = shell }

    func stream(_ id: ConnectionID) -> Loop.Stream? { streams[id] }

    func isLoopback(_ id: ConnectionID) -> Bool { streams[id]?.peer?.isLoopback ?? false }

    func accepted(_ descriptor: Int32, _ peer: SocketAddress) {
        last += 1
        let id = ConnectionID(rawValue: UInt64(last))
        guard
            shell.core.accepted(id, peer: peer.host, isLoopback: peer.isLoopback, now: shell.loop.now)
        else { return Descriptors.close(descriptor) }
        do {
            let stream = try Loop.Stream(accepted: descriptor, on: shell.loop, owner: self)
            stream.tag = last
            stream.queueLimitBytes = 64 << 20
            stream.tune(noDelay: true, notSentLowWaterBytes: 16 << 10)
            streams[id] = stream
        } catch {
            shell.log.warning("a connection was not taken", ["error": "\(error)"])
            shell.core.connectionClosed(id, now: shell.loop.now)
        }
    }

    /// Writes all that the connection is owed: one gathered write.
    func write(_ id: ConnectionID) {
        guard let stream = streams[id] else { return }
        let offer = shell.core.gather(id, now: shell.loop.now) { stream.offer($0) }
        switch offer {
        case nil, .sent?: break
        case .queued?, .queuedPauseNow?: shell.core.blocked(id, now: shell.loop.now)
        case .refusedFull?: stream.close()
        }
    }

    func close(_ id: ConnectionID) { streams[id]?.closeAfterWriting() }

    private func id(of stream: Loop.Stream) -> ConnectionID { ConnectionID(rawValue: UInt64(stream.tag)) }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        // The loop's read buffer is ours until this call returns: the codec unmasks in it.
        shell.core.receive(UnsafeMutableRawBufferPointer(mutating: bytes), from: id(of: stream), now: shell.loop.now)
        shell.pump()
    }

    func streamDrained(_ stream: Loop.Stream) {
        shell.core.drained(id(of: stream), now: shell.loop.now)
        shell.pump()
    }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        guard streams.removeValue(forKey: id(of: stream)) != nil else { return }
        shell.core.connectionClosed(id(of: stream), now: shell.loop.now)
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
    private var streams: [TrunkID: Loop.Stream] = [:]

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

    func streamDrained(_ stream: Loop.Stream) { shell.core.trunkUnsent(id(of: stream), byteCount: 0) }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        guard streams.removeValue(forKey: id(of: stream)) != nil else { return }
        shell.core.trunkClosed(id(of: stream), now: shell.loop.now)
        shell.pump()
    }
}
