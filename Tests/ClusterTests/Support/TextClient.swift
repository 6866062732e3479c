import Foundation

/// A client of the text form. It keeps everything that it was told, and throws at what the text form does not allow.
final class TextClient {
    let socket: WebSocketWire
    /// Every message in order; `expect` looks for the next one of a kind.
    private(set) var heard: [Members] = []
    private var seen = 0
    private(set) var copies: [String: TextCopy] = [:]
    private(set) var session = ""
    private(set) var token = ""
    private(set) var isResumed: Bool?
    /// By channel: its own key in tables keyed by sessions.
    private(set) var me: [String: String] = [:]
    private(set) var grants: [String: String] = [:]
    /// By grant: the highest number acked, and those refused, with the reasons.
    private(set) var acked: [String: Int] = [:]
    private(set) var refused: [String: [Int: String]] = [:]
    private(set) var bye: Members?
    private(set) var attach: Int
    private var sent: [String: Int] = [:]
    /// Called after each patch.
    var onPatch: ((String, TextCopy) -> Void)?

    /// Connects and says hello.
    init(
        _ port: UInt16, read channels: [String] = [], write: String? = nil, attach: Int = 1, token: String? = nil,
        held: [String: TextCopy] = [:]
    ) throws {
        self.attach = attach
        socket = try WebSocketWire(port)
        var reads: Members = [:]
        for channel in channels {
            reads[channel] =
                held[channel].map { ["lineage": $0.lineage, "version": $0.version] as Members } ?? (NSNull() as Any)
        }
        copies = held
        var hello: Members = ["attach": attach, "token": token ?? (NSNull() as Any), "read": reads]
        if let write { hello["write"] = write }
        try say(["hello": hello])
    }

    /// A client that reads and may write a channel, and holds its state.
    static func ready(_ port: UInt16, _ channel: String) throws -> TextClient {
        let client = try TextClient(port, read: [channel], write: channel)
        try client.wait("a grant and a state of \(channel)") {
            client.grants[channel] != nil && client.ownRow(channel) != nil
        }
        return client
    }

    /// The same session on a new connection, with what is held.
    func resume(_ port: UInt16, write: String? = nil) throws -> TextClient {
        try TextClient(
            port, read: copies.keys.sorted(), write: write, attach: attach + 1, token: token, held: copies)
    }

    func say(_ message: Members) throws { try say(text: message.canonical) }
    func say(text: String) throws { try socket.send(.text, Array(text.utf8)) }

    /// Sends the next input under the channel's grant; `data` is JSON text that goes out as it is. Answers its number.
    @discardableResult
    func input(_ channel: String, _ data: String, number: Int? = nil) throws -> Int {
        guard let grant = grants[channel] else { throw Failure("no grant for \(channel)") }
        let next = number ?? (sent[grant, default: 0] + 1)
        sent[grant] = max(next, sent[grant, default: 0])
        try say(text: "{\"input\":{\"grant\":\"\(grant)\",\"seq\":\(next),\"data\":\(data)}}")
        return next
    }

    /// Waits until `isReached`, with a bound.
    func wait(_ wish: String, within duration: Duration = .seconds(5), _ isReached: () throws -> Bool) throws {
        try TextClient.wait(wish, [self], within: duration, isReached)
    }

    /// Listens to all `clients` until `isReached`, with a bound.
    static func wait(
        _ wish: String, _ clients: [TextClient], within duration: Duration = .seconds(5), _ isReached: () throws -> Bool
    ) throws {
        let bound = Bound(duration)
        while true {
            for client in clients { try client.listen() }
            if try isReached() { return }
            guard !bound.isOver else {
                let last = clients.prefix(3).map { $0.heard.suffix(4).map(\.canonical).joined(separator: "\n  ") }
                throw Failure("not within \(duration): \(wish); last heard:\n  \(last.joined(separator: "\n--"))")
            }
            if clients.count == 1, clients[0].socket.wire.isEnded {
                throw Failure(
                    "the connection ended before: \(wish); code \(clients[0].socket.closeCode ?? 0), bye \(clients[0].bye?.canonical ?? "none")"
                )
            }
            Wire.await(clients.map(\.socket.wire), bound)
        }
    }

    /// Takes in what is there.
    func listen() throws {
        socket.wire.fill()
        while let (opcode, payload) = try socket.next() {
            guard opcode == .text else { throw Failure("the text form has no binary messages") }
            try hear(try Members.parse(payload))
        }
    }

    /// The next message with this member, from where the last `expect` ended.
    func expect(_ name: String, within duration: Duration = .seconds(5)) throws -> Members {
        var found: Members?
        try wait("a message '\(name)'", within: duration) {
            while seen < heard.count, found == nil {
                found = heard[seen][name] as? Members
                seen += 1
            }
            return found != nil
        }
        return found ?? [:]
    }

    func all(_ name: String) -> [Members] { heard.compactMap { $0[name] as? Members } }

    func sum(_ channel: String) -> Int {
        (ownRow(channel)?["sum"] as? String).flatMap(Int.init) ?? 0
    }

    /// Its row among the players of a channel.
    func ownRow(_ channel: String) -> Members? { me[channel].flatMap { copies[channel]?.row("players", $0) } }

    func isAcked(_ channel: String, _ number: Int) -> Bool {
        grants[channel].map { acked[$0, default: 0] >= number } ?? false
    }

    /// The number of the last input under the channel's grant.
    func sentCount(_ channel: String) -> Int { grants[channel].map { sent[$0, default: 0] } ?? 0 }

    private func hear(_ message: Members) throws {
        heard.append(message)
        guard message.count == 1, let (name, value) = message.first, let body = value as? Members else {
            throw Failure("a message has one member: \(message.canonical)")
        }
        switch name {
        case "welcome":
            (session, token) = (try body.text("session"), try body.text("token"))
            isResumed = try body.flag("resumed")
        case "granted":
            let grant = try body.text("grant")
            grants[try body.text("channel")] = grant
            acked[grant] = max(acked[grant, default: 0], try body.number("highest"))
            sent[grant] = max(sent[grant, default: 0], try body.number("highest"))
        case "patch":
            let channel = try body.text("channel")
            let copy = try TextCopy.apply(body, to: copies[channel])
            copies[channel] = copy
            onPatch?(channel, copy)
        case "acked":
            let (grant, number) = (try body.text("grant"), try body.number("seq"))
            guard number >= acked[grant, default: 0] else { throw Failure("acks go backwards: \(message.canonical)") }
            acked[grant] = number
        case "refused": refused[try body.text("grant"), default: [:]][try body.number("seq")] = try body.text("reason")
        case "unlinked":
            copies[try body.text("channel")] = nil
            grants[try body.text("channel")] = nil
        case "bye": bye = body
        case "attached": me[try body.text("channel")] = try body.text("me")
        case "message": break
        default: throw Failure("nothing like it is in the text form: \(message.canonical)")
        }
    }
}
