import Core
import State

/// A front core and a back core with their trunk between them, and clients that are played byte by byte.
struct FrontStage {
    /// What one client heard.
    struct Heard {
        /// `kind field=value …` of each frame.
        var frames: [String] = []
        var texts: [String] = []
        var closeCode: UInt16?
        var closeReason = ""
        /// Pings of its WebSocket.
        var pingCount = 0
        var raw: [UInt8] = []
        var isClosed = false
        fileprivate var reader = FrameReader(limit: Limits.nodeFrameBytes)
        fileprivate var unread: [UInt8] = []
        fileprivate var isWebSocket = false
        fileprivate var schema: SchemaDescription?

        /// The frames' kinds, in order.
        var kinds: [String] { frames.map { String($0.prefix { $0 != " " }) } }

        /// A field of the last frame of that kind.
        func field(_ name: String, of kind: String) -> String? {
            frames.last { $0.hasPrefix(kind + " ") }?.split(separator: " ").first { $0.hasPrefix(name + "=") }
                .map { String($0.dropFirst(name.count + 1)) }
        }
    }

    enum Language {
        case plain
        case webSocket
        case text
    }

    var front: FrontCore
    var back: BackCore
    var now = Instant(nanoseconds: 1_000_000_000)
    private var heards: [ConnectionID: Heard] = [:]
    private var languages: [ConnectionID: Language] = [:]
    private var last: UInt64 = 0
    private var lastTrunk: UInt64 = 0
    private(set) var paused: Set<ConnectionID> = []
    /// The front is told that these cannot be written to.
    var blocked: Set<ConnectionID> = []
    /// What the front says on its trunk is lost, as if the back's machine were gone.
    var isBackGone = false
    /// Trunks that the front began, and those that it gave up.
    private(set) var trunksBegun = 0
    private(set) var trunksGivenUp = 0
    /// What each turn of the front's loop wrote to whom, where turns are made by hand.
    private(set) var turns: [[(id: ConnectionID, byteCount: Int)]] = [[]]
    /// What is heard is kept as it came, and not read.
    var keepsBytesOnly = false
    /// Whether the application answers requests, with their path and body.
    var answersHTTP = true

    init(
        _ type: any Processor.Type = Diary.self, http: HTTPLimits = HTTPLimits(),
        connectionLimit: Int = Limits.connectionsPerFront, _ set: (inout FrontCore.Settings) -> Void = { _ in }
    ) {
        var settings = FrontCore.Settings(
            name: "front-1", incarnation: Incarnation(rawValue: 5), key: BackStage.key,
            unixSecondsAtZero: 1_700_000_000)
        settings.http = http
        settings.connectionLimit = connectionLimit
        set(&settings)
        front = FrontCore(settings: settings, seed: 4)
        back = BackCore(
            identity: .init(
                name: "back-1", incarnation: Incarnation(rawValue: 77), epoch: Epoch(rawValue: 3), key: BackStage.key),
            families: [ChannelFamily(pattern: family("room/*"), type: type, settings: ChannelSettings())],
            seed: 2)
        front.directoryChanged(
            ChannelDirectory([
                .init(
                    name: "back-1", address: "here", epoch: Epoch(rawValue: 3),
                    families: [family("room/*")])
            ]), now: now)
        pump()
    }

    subscript(id: ConnectionID) -> Heard { heards[id] ?? Heard() }

    // MARK: Clients

    /// A connection on which nothing was said.
    mutating func open(peer: String = "10.0.0.1") -> ConnectionID {
        last += 1
        let id = ConnectionID(rawValue: last)
        heards[id] = Heard()
        _ = front.accepted(id, peer: peer, isLoopback: false, now: now)
        return id
    }

    /// Somebody connects. False if the front does not take the connection.
    mutating func arrive(peer: String, isLoopback: Bool) -> Bool {
        last += 1
        heards[ConnectionID(rawValue: last)] = Heard()
        return front.accepted(ConnectionID(rawValue: last), peer: peer, isLoopback: isLoopback, now: now)
    }

    mutating func send(_ bytes: [UInt8], on id: ConnectionID) {
        guard heards[id]?.isClosed == false else { return }
        var bytes = bytes
        bytes.withUnsafeMutableBytes { front.receive($0, from: id, now: now) }
        pump()
    }

    /// A connection that has come as far as saying hello.
    mutating func connect(_ language: Language, peer: String = "10.0.0.1") -> ConnectionID {
        let id = open(peer: peer)
        languages[id] = language
        switch language {
        case .plain:
            var writer = ByteWriter(Preface.bytes, capacity: 64)
            writer.frame(.greeting) { Greeting.client.encode(into: &$0) }
            send(writer.bytes, on: id)
        case .webSocket, .text:
            heards[id]?.isWebSocket = true
            let name = language == .text ? "switchback.json.1" : "switchback.1"
            let head =
                "GET /connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: \(name)\r\n"
                + "Sec-WebSocket-Version: 13\r\n\r\n"
            send(Array(head.utf8), on: id)
        }
        return id
    }

    /// A session that reads and writes `room/1`, once a tick has passed.
    mutating func join(_ language: Language, attach: UInt64 = 1, token: [UInt8] = []) -> ConnectionID {
        let id = connect(language)
        if language == .text {
            text("{\"hello\":{\"attach\":\(attach),\"read\":{\"room/1\":null},\"write\":\"room/1\"}}", on: id)
        } else {
            let hello = Hello(
                attach: AttachNumber(rawValue: attach), token: token, reads: [Read(channel: "room/1")], write: "room/1")
            frame(.hello, on: id) { hello.encode(into: &$0) }
        }
        pass(.milliseconds(100))
        return id
    }

    mutating func frame(_ kind: FrameKind, on id: ConnectionID, _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        frames(writer.bytes, on: id)
    }

    /// Whole frames, in a message of their own on a WebSocket.
    mutating func frames(_ bytes: [UInt8], on id: ConnectionID) {
        guard languages[id] != .plain else { return send(bytes, on: id) }
        webSocket(.binary, bytes, on: id)
    }

    mutating func text(_ text: String, on id: ConnectionID) { webSocket(.text, Array(text.utf8), on: id) }

    mutating func webSocket(_ opcode: WebSocketOpcode, _ payload: [UInt8], on id: ConnectionID) {
        var writer = ByteWriter()
        payload.withUnsafeBytes { WebSocketWriter.masked(opcode, $0, key: 0x1234_5678, to: &writer) }
        send(writer.bytes, on: id)
    }

    mutating func inputs(_ numbers: some Sequence<UInt64>, on id: ConnectionID, _ data: String = "1") {
        let grant = UInt64(self[id].field("grant", of: "grantedClient") ?? "", radix: 16) ?? 0
        for number in numbers {
            frame(.inputs, on: id) {
                $0.u64(grant)
                $0.num(number)
                $0.blob(Array(data.utf8))
            }
        }
    }

    mutating func drop(_ id: ConnectionID) {
        front.connectionClosed(id, now: now)
        heards[id]?.isClosed = true
        pump()
    }

    mutating func clear(_ id: ConnectionID) {
        heards[id]?.frames = []
        heards[id]?.texts = []
    }

    /// The stream between front and back breaks, for both.
    mutating func breakTrunk() {
        let id = TrunkID(rawValue: lastTrunk)
        back.trunkClosed(id, now: now)
        front.trunkClosed(id, now: now)
        pump()
    }

    /// The front reads this on its trunk, as if the back had said it.
    mutating func backSays(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        writer.bytes.withUnsafeBytes { front.receive($0, on: TrunkID(rawValue: lastTrunk), now: now) }
        pump()
    }

    /// The front reads these bytes on its trunk.
    mutating func backSays(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { front.receive($0, on: TrunkID(rawValue: lastTrunk), now: now) }
        pump()
    }

    /// So many bytes on the front's trunk wait for the kernel.
    mutating func trunkUnsent(_ byteCount: Int) {
        front.trunkUnsent(TrunkID(rawValue: lastTrunk), byteCount: byteCount)
        pump()
    }

    // MARK: Time and directives

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

    /// One turn of the front's loop, and whatever the back has due.
    mutating func turn(after pause: Duration) {
        turns.append([])
        now = now + pause
        front.tick(now: now)
        while back.tick(now: now) != nil {}
        pump()
    }

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
                switch directive {
                case .send(let id, let bytes): bytes.withUnsafeBytes { front.receive($0, on: id, now: now) }
                case .close(let id, _): front.trunkClosed(id, now: now)
                case .job: break
                }
            }
        }
    }

    private mutating func write() {
        for id in blocked { front.blocked(id, now: now) }
        var written: [(id: ConnectionID, bytes: [UInt8])] = []
        front.writeOwed(now: now) { id, parts in
            written.append((id, parts.flatMap { Array($0) }))
            return .all
        }
        for (id, bytes) in written {
            turns[turns.count - 1].append((id, bytes.count))
            hear(bytes, on: id)
        }
    }

    private mutating func follow(_ directive: FrontCore.Directive) {
        switch directive {
        case .close(let id):
            heards[id]?.isClosed = true
            front.connectionClosed(id, now: now)
        case .pauseReading(let id): paused.insert(id)
        case .resumeReading(let id): paused.remove(id)
        case .admit(let id, _, _): front.admitted(id, claims: [], now: now)
        case .http(let id, let head):
            guard answersHTTP else { return }
            let body = String(decoding: front.takeBody(of: id), as: UTF8.self)
            front.answer(id, HTTPResponse(status: 200, text: "\(head.path) \(body)"), now: now)
        case .connect(let id, _):
            lastTrunk = id.rawValue
            trunksBegun += 1
            back.trunkOpened(id, now: now)
            front.trunkConnected(id, now: now)
        case .send(let id, let bytes):
            if !isBackGone { bytes.withUnsafeBytes { back.receive($0, on: id, now: now) } }
        case .closeTrunk(let id):
            trunksGivenUp += 1
            back.trunkClosed(id, now: now)
        case .observed: break
        }
    }

    private mutating func hear(_ bytes: [UInt8], on id: ConnectionID) {
        guard var heard = heards[id] else { return }
        heard.raw += bytes
        if keepsBytesOnly {
            heards[id] = heard
            return
        }
        if languages[id] == .plain {
            heard.take(frames: bytes)
        } else if heard.isWebSocket {
            heard.unread += bytes
            heard.readWebSocket()
        }
        heards[id] = heard
    }
}

extension FrontStage.Heard {
    fileprivate mutating func take(frames bytes: [UInt8]) {
        var lines: [String] = []
        var (reader, schema) = (reader, schema)
        do {
            try bytes.withUnsafeBytes { bytes in
                try reader.receive(
                    bytes,
                    { (frame) throws in lines.append("\(frame.kind) \(try WireExample(frame, schema: &schema).text)") },
                    failed: { $0 as any Error })
            }
        } catch {
            lines.append("unreadable \(error)")
        }
        (self.reader, self.schema) = (reader, schema)
        frames += lines
    }

    /// Takes the upgrade's answer away, then whole unmasked frames.
    fileprivate mutating func readWebSocket() {
        if unread.starts(with: Array("HTTP/".utf8)) {
            guard let end = unread.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            unread.removeSubrange(..<end.upperBound)
        }
        while unread.count >= 2 {
            var (start, count) = (2, Int(unread[1]))
            if count == 126, unread.count >= 4 {
                (start, count) = (4, Int(unread[2]) << 8 | Int(unread[3]))
            } else if count == 127, unread.count >= 10 {
                (start, count) = (10, unread[2..<10].reduce(0) { $0 << 8 | Int($1) })
            }
            guard unread.count >= start + count else { return }
            let payload = Array(unread[start..<start + count])
            switch unread[0] & 0x0F {
            case 1: texts.append(String(decoding: payload, as: UTF8.self))
            case 2: take(frames: payload)
            case 9: pingCount += 1
            case 8:
                closeCode = payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1005
                closeReason = String(decoding: payload.dropFirst(2), as: UTF8.self)
            default: break
            }
            unread.removeSubrange(..<(start + count))
        }
    }
}
