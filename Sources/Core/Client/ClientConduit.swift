import State

/// What a client's connection speaks.
package enum ClientTransport: Hashable, Sendable {
    /// Frames on a plain stream.
    case plain
    /// Frames in WebSocket messages. `host` goes into the request's header, with the port if it is not the usual one; `path` is
    /// percent-encoded and may have a query.
    case webSocket(host: String, path: String)
}

/// What arrived on a client's connection.
enum Arrival {
    /// The way is free for hello.
    case opened
    case frame(Frame)
}

/// One connection's coding: frames to bytes and back, over either transport. A reference, because its WebSocket reader may not
/// be copied.
///
/// plain: open from the start. webSocket: upgrading → open. Any → closed, when the peer's close frame came.
final class ClientConduit {
    private enum Phase {
        case plain(FrameReader)
        case upgrading(WebSocketClientUpgrade, HTTPResponseHeadReader)
        case open
        case closed
    }

    static let subprotocol = "switchback.1"
    /// The most that one message to a front holds.
    private static let messageByteLimit = Limits.clientFrameBytes

    private var phase: Phase
    private var reader = WebSocketReader(role: .client, messageLimit: ClientLimits.stateBytes + (1 << 20))
    private var dice: Dice
    /// Bytes of a head or a WebSocket frame whose rest has not arrived.
    private var held: [UInt8] = []
    /// Frames that go into the next message.
    private var frames = ByteWriter()
    private var output: ByteWriter

    /// The first bytes on the connection are in the output at once.
    init(_ transport: ClientTransport, dice: Dice) {
        var dice = dice
        switch transport {
        case .plain:
            phase = .plain(FrameReader(limit: Limits.nodeFrameBytes))
            output = ByteWriter(Preface.bytes, capacity: 256)
            output.frame(.greeting) { Greeting.client.encode(into: &$0) }
        case .webSocket(let host, let path):
            var nonce = ByteWriter()
            nonce.u64(dice.next())
            nonce.u64(dice.next())
            let upgrade = WebSocketClientUpgrade(
                host: host, path: path, subprotocols: [Self.subprotocol], nonce: nonce.bytes)
            phase = .upgrading(upgrade, HTTPResponseHeadReader())
            output = ByteWriter(upgrade.requestBytes(), capacity: 512)
        }
        self.dice = dice
        isOpenFromTheStart = transport == .plain
    }

    /// Whether frames stand on the stream as they are, and so hello may be said at once.
    let isOpenFromTheStart: Bool

    /// Bytes that arrived, which may be changed where they lie. `each` may end the conduit; what follows is dropped then.
    func receive(
        _ bytes: UnsafeMutableRawBufferPointer, _ each: (Arrival) throws(Farewell) -> Void
    ) throws(Farewell) {
        if case .plain(var reader) = phase {
            phase = .closed
            try reader.receive(
                UnsafeRawBufferPointer(bytes), { (frame) throws(Farewell) in try each(.frame(frame)) },
                failed: { Farewell($0) })
            phase = .plain(reader)
            return
        }
        guard held.isEmpty else {
            held.append(contentsOf: bytes)
            var whole: [UInt8] = []
            swap(&whole, &held)
            let consumed = try whole.withUnsafeMutableBufferPointer { (bytes) throws(Farewell) in
                try read(UnsafeMutableRawBufferPointer(bytes), each)
            }
            if consumed < whole.count { held = Array(whole[consumed...]) }
            return
        }
        let consumed = try read(bytes, each)
        if consumed < bytes.count { held = Array(bytes[consumed...]) }
    }

    /// Appends one frame. A message that would grow too long is closed first.
    func say(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        guard !isOpenFromTheStart else { return output.frame(kind, body) }
        let start = frames.count
        frames.frame(kind, body)
        guard frames.count > Self.messageByteLimit, start > 0 else { return }
        let last = Array(frames.bytes[start...])
        frames.bytes.removeSubrange(start...)
        sealMessage()
        frames.raw(last)
    }

    /// All that is to be sent; nil if there is nothing.
    func takeOutput() -> [UInt8]? {
        sealMessage()
        guard output.count > 0 else { return nil }
        defer { output = ByteWriter() }
        return output.bytes
    }

    /// The end in the transport's own words.
    func sayClose(_ farewell: Farewell) {
        guard case .open = phase else { return }
        sealMessage()
        WebSocketWriter.maskedClose(farewell.code.rawValue, reason: farewell.reason, key: key(), to: &output)
        phase = .closed
    }

    private func sealMessage() {
        guard frames.count > 0 else { return }
        frames.bytes.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: key(), to: &output) }
        frames.bytes.removeAll(keepingCapacity: frames.count <= 4096)
    }

    private func key() -> UInt32 { UInt32(truncatingIfNeeded: dice.next()) }

    /// Reads what it can and says how many bytes that was.
    private func read(
        _ bytes: UnsafeMutableRawBufferPointer, _ each: (Arrival) throws(Farewell) -> Void
    ) throws(Farewell) -> Int {
        var offset = 0
        while offset < bytes.count {
            switch phase {
            case .plain, .closed: return bytes.count
            case .upgrading(let upgrade, var head):
                let answer: HTTPResponseHead?
                do {
                    answer = try head.next(in: UnsafeRawBufferPointer(bytes), from: &offset)
                } catch {
                    throw Farewell(.protocolError, error.reason)
                }
                phase = .upgrading(upgrade, head)
                guard let answer else { return offset }
                try check(answer, upgrade)
                phase = .open
                try each(.opened)
            case .open:
                guard let event = try next(bytes, &offset) else { return offset }
                try take(event, each)
            }
        }
        return offset
    }

    private func next(
        _ bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) throws(Farewell) -> WebSocketEvent? {
        do {
            return try reader.next(in: bytes, from: &offset)
        } catch {
            throw Farewell(CloseCode(rawValue: error.closeCode) ?? .protocolError, error.reason)
        }
    }

    private func take(_ event: WebSocketEvent, _ each: (Arrival) throws(Farewell) -> Void) throws(Farewell) {
        switch event {
        case .message(.text, _): throw Farewell(.protocolError, "a text on a binary conversation")
        case .message(.binary, let payload):
            var cursor = FrameCursor(payload, limit: Limits.nodeFrameBytes)
            while true {
                let frame: Frame?
                do { frame = try cursor.next() } catch { throw Farewell(error) }
                guard let frame else { break }
                try each(.frame(frame))
            }
            guard cursor.consumed == payload.count else {
                throw Farewell(.protocolError, "a message ends inside a frame")
            }
        case .ping(let payload):
            sealMessage()
            WebSocketWriter.masked(.pong, payload, key: key(), to: &output)
        case .pong: break
        case .close(let code, let reason):
            phase = .closed
            let known = code.flatMap(CloseCode.init(rawValue:)) ?? .goingAway
            throw Farewell(known, reason)
        }
    }

    /// A status says whether it helps to come again.
    private func check(_ head: HTTPResponseHead, _ upgrade: WebSocketClientUpgrade) throws(Farewell) {
        do {
            _ = try upgrade.check(head)
        } catch {
            switch error {
            case .status(403): throw Farewell(.refused, "the server answered 403: not let in")
            case .status(let status) where (400..<500).contains(status) && status != 408 && status != 429:
                throw Farewell(.refused, "the server answered \(status): no WebSocket of Switchback's here")
            case .status(let status): throw Farewell(.unavailable, "the server answered \(status)")
            case .broken(let what): throw Farewell(.protocolError, what.description)
            }
        }
    }
}
