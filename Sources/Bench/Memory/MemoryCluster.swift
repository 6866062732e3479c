import Core
import State

/// A front core and a back core in this thread, with their trunk and their clients as plain bytes: what the machine's code
/// costs without the kernel.
struct MemoryCluster {
    var front: FrontCore
    var back: BackCore
    var now = Instant(nanoseconds: 1_000_000_000)
    /// The number of the one trunk, as both cores call it.
    private(set) var trunk = TrunkID(rawValue: 0)
    /// What the front last sent to the back while `isCut`.
    private(set) var sent: [UInt8] = []
    /// Whether what the front says is kept in `sent` instead of going to the back.
    var isCut = false
    /// Whether what the back says is kept for `takeTrunk` instead of going to the front.
    var keepsTrunk = false
    private var kept: [[UInt8]] = []
    /// Whether what the clients are written is kept.
    var keepsHeard = true
    /// What the clients were written, by connection: the grants are in it.
    private(set) var heard: [UInt64: [UInt8]] = [:]

    static let channel = "bench/ingest"
    private static let key = ClusterKey(bytes: Array(repeating: 7, count: 32))

    init(_ type: any Processor.Type, settings: ChannelSettings) throws(BenchFailure) {
        guard let key = Self.key else { throw BenchFailure("no key of 32 bytes") }
        let pattern: FamilyPattern
        do { pattern = try FamilyPattern("bench/*") } catch { throw BenchFailure("\(error)") }
        front = FrontCore(
            settings: .init(
                name: "front-1", incarnation: Incarnation(rawValue: 5), key: key, unixSecondsAtZero: 1_700_000_000),
            seed: 4)
        back = BackCore(
            identity: .init(
                name: "back-1", incarnation: Incarnation(rawValue: 77), epoch: Epoch(rawValue: 3), key: key),
            families: [ChannelFamily(pattern: pattern, type: type, settings: settings)], seed: 2)
        front.directoryChanged(
            ChannelDirectory([
                .init(name: "back-1", address: "here", epoch: Epoch(rawValue: 3), families: [pattern])
            ]), now: now)
        pump()
    }

    /// Brings in a client that reads the channels and writes to the first, once a tick has passed.
    mutating func connect(_ number: UInt64, channels: [String] = [Self.channel]) {
        let id = ConnectionID(rawValue: number)
        _ = front.accepted(id, peer: "10.0.0.1", isLoopback: true, now: now)
        let head =
            "GET /connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: switchback.1\r\n"
            + "Sec-WebSocket-Version: 13\r\n\r\n"
        say(Array(head.utf8), on: id)
        let hello = Hello(
            attach: AttachNumber(rawValue: 1), token: [], reads: channels.map { Read(channel: $0) }, write: channels[0])
        var writer = ByteWriter()
        writer.frame(.hello) { hello.encode(into: &$0) }
        say(Self.masked(writer.bytes), on: id)
    }

    /// One WebSocket message of a client.
    static func masked(_ frames: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        frames.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: 0x1234_5678, to: &writer) }
        return writer.bytes
    }

    mutating func say(_ bytes: [UInt8], on id: ConnectionID) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { front.receive($0, from: id, now: now) }
        pump()
    }

    /// The grant that a client was given, if it was.
    func grant(of number: UInt64) -> GrantID? {
        guard let bytes = heard[number], var start = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
            return nil
        }
        // Whole unmasked frames.
        var grant: GrantID?
        while start + 2 <= bytes.count {
            var (header, count) = (2, Int(bytes[start + 1]))
            if count == 126 { (header, count) = (4, Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])) }
            guard count != 127, start + header + count <= bytes.count else { return grant }
            bytes[(start + header)..<(start + header + count)].withUnsafeBytes { payload in
                var cursor = FrameCursor(payload, limit: Limits.nodeFrameBytes)
                while let frame = try? cursor.next() {
                    guard frame.kind == .grantedClient else { continue }
                    grant = (try? frame.decode(ClientGranted.init(from:)))?.grant ?? grant
                }
            }
            start += header + count
        }
        return grant
    }

    /// Lets time pass, ticks and flushes included.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = [front.nextDeadline, back.nextDeadline].compactMap({ $0 }).min(), deadline <= end {
            now = max(now, deadline)
            front.tick(now: now)
            while back.tick(now: now) != nil {}
            pump()
        }
        now = end
    }

    /// Follows the cores' wishes until there are none.
    mutating func pump() {
        var isMoving = true
        while isMoving {
            isMoving = false
            while let directive = front.nextDirective() {
                isMoving = true
                follow(directive)
            }
            if front.owesAnything() {
                isMoving = true
                write()
            }
            while let directive = back.nextDirective() {
                isMoving = true
                guard case .send(let id, let bytes) = directive else { continue }
                if keepsTrunk {
                    kept.append(bytes)
                } else {
                    bytes.withUnsafeBytes { front.receive($0, on: id, now: now) }
                }
            }
        }
    }

    /// What the back said since the last call.
    mutating func takeTrunk() -> [[UInt8]] {
        defer { kept = [] }
        return kept
    }

    private mutating func write() {
        var written: [(id: ConnectionID, bytes: [UInt8])] = []
        let isKept = keepsHeard
        front.writeOwed(now: now) { id, parts in
            if isKept { written.append((id, parts.flatMap { Array($0) })) }
            return .all
        }
        for (id, bytes) in written { heard[id.rawValue, default: []] += bytes }
    }

    private mutating func follow(_ directive: FrontCore.Directive) {
        switch directive {
        case .admit(let id, _, _): front.admitted(id, claims: [], now: now)
        case .connect(let id, _):
            trunk = id
            back.trunkOpened(id, now: now)
            front.trunkConnected(id, now: now)
        case .send(let id, let bytes):
            if isCut { sent = bytes } else { bytes.withUnsafeBytes { back.receive($0, on: id, now: now) } }
        default: break
        }
    }
}
