import Core
import State

/// A client of the binary form over plain TCP, with a mirror for each channel. Its bytes can be compared with the back's.
final class FrameClient {
    let wire: Wire
    private(set) var session = ""
    private(set) var token: [UInt8] = []
    private(set) var mirrors: [String: ChannelMirror] = [:]
    private(set) var lineages: [String: UInt64] = [:]
    private(set) var grants: [String: UInt64] = [:]
    private(set) var acked: [UInt64: UInt64] = [:]
    private(set) var refused: [UInt64: [UInt64: String]] = [:]
    private(set) var messages: [ClientMessage] = []
    private(set) var unlinked: [ClientUnlinked] = []
    private(set) var attached: [ClientAttached] = []
    private(set) var bye: Bye?
    private var names: [LinkNumber: String] = [:]
    private var frames = FrameReader(limit: 8 << 20)
    private var pieces: [LinkNumber: SectionAssembly] = [:]
    /// Set, everything from the first mark on is left unread, as if the connection had been cut between a section and its mark.
    var isCutBeforeMark = false
    private(set) var wasCut = false
    /// Called after each commit.
    var onCommit: ((String, ChannelMirror) -> Void)?

    static let opening: [UInt8] = {
        var writer = ByteWriter(Preface.bytes, capacity: 64)
        writer.frame(.greeting) { Greeting.client.encode(into: &$0) }
        return writer.bytes
    }()

    /// Connects and sends `opening`, by default what a client begins with.
    init(_ port: UInt16, saying opening: [UInt8] = opening) throws {
        wire = try Wire.tcp(port)
        try wire.send(opening)
    }

    /// Connects and says hello; `options` go with the read of their channel.
    convenience init(
        _ port: UInt16, read channels: [String], write: String = "", attach: UInt64 = 1, token: [UInt8] = [],
        options: [String: String] = [:]
    ) throws {
        try self.init(port)
        let reads = channels.map { Read(channel: $0, options: Array((options[$0] ?? "").utf8)) }
        try send(.hello) {
            Hello(attach: AttachNumber(rawValue: attach), token: token, reads: reads, write: write).encode(into: &$0)
        }
    }

    /// The same session on a new connection, with what `other` had committed.
    convenience init(_ port: UInt16, resuming other: FrameClient, attach: UInt64) throws {
        try self.init(port)
        (mirrors, lineages) = (other.mirrors, other.lineages)
        for channel in mirrors.keys { mirrors[channel]?.discard() }
        let reads = mirrors.keys.sorted().map { channel in
            Read(
                channel: channel,
                held: Held(
                    lineage: Lineage(rawValue: lineages[channel] ?? 0),
                    version: Version(rawValue: mirrors[channel]?.version ?? 0),
                    audiences: (mirrors[channel]?.audiences ?? []).map(AudienceNumber.init(rawValue:))))
        }
        try send(.hello) {
            Hello(attach: AttachNumber(rawValue: attach), token: other.token, reads: reads, write: "").encode(into: &$0)
        }
    }

    func send(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) throws {
        var writer = ByteWriter()
        writer.frame(kind, body)
        try wire.send(writer.bytes)
    }

    func input(_ channel: String, _ data: String, number: UInt64) throws {
        guard let grant = grants[channel] else { throw Failure("no grant for \(channel)") }
        try send(.inputs) {
            $0.u64(grant)
            $0.num(number)
            $0.blob(Array(data.utf8))
        }
    }

    func isAcked(_ channel: String, _ number: UInt64) -> Bool {
        grants[channel].map { acked[$0, default: 0] >= number } ?? false
    }

    func wait(_ wish: String, within duration: Duration = .seconds(5), _ isReached: () throws -> Bool) throws {
        let bound = Bound(duration)
        while true {
            try listen()
            if try isReached() { return }
            guard !bound.isOver else { throw Failure("not within \(duration): \(wish)") }
            guard !wire.isEnded else {
                throw Failure("the connection ended before: \(wish); \(String(describing: bye))")
            }
            Wire.await([wire], bound)
        }
    }

    func listen() throws {
        wire.fill()
        let bytes = wire.input
        wire.input = []
        var failure: (any Error)?
        try bytes.withUnsafeBytes { buffer in
            try frames.receive(
                buffer,
                { (frame) throws(Failure) in
                    do { try hear(frame) } catch { failure = failure ?? error }
                }, failed: { Failure("not a frame: \($0)") })
        }
        if let failure { throw failure }
    }

    private func hear(_ frame: Frame) throws {
        if isCutBeforeMark, frame.kind == .mark { wasCut = true }
        if wasCut { return }
        switch frame.kind {
        case .welcome:
            let welcome = try frame.decode(Welcome.init(from:))
            (session, token) = ("\(welcome.session)", welcome.token)
        case .attachedClient:
            let message = try frame.decode(ClientAttached.init(from:))
            attached.append(message)
            names[message.link] = message.channel
            if message.kept.isEmpty { mirrors[message.channel] = ChannelMirror() }
            mirrors[message.channel, default: ChannelMirror()].setAudiences(
                listed: message.audiences.map(\.rawValue), kept: message.kept.map(\.rawValue))
            lineages[message.channel] = message.lineage.rawValue
        case .regroupedClient:
            let message = try frame.decode(ClientRegrouped.init(from:))
            mirrors[try name(message.link)]?.setAudiences(
                listed: message.audiences.map(\.rawValue), kept: message.kept.map(\.rawValue))
        case .unlinkedClient: unlinked.append(try frame.decode(ClientUnlinked.init(from:)))
        case .grantedClient:
            let granted = try frame.decode(ClientGranted.init(from:))
            grants[granted.channel] = granted.grant.rawValue
        case .ackedClient:
            let message = try frame.decode(ClientAcked.init(from:))
            acked[message.grant.rawValue] = message.highest.rawValue
        case .refusedClient:
            let message = try frame.decode(ClientRefused.init(from:))
            refused[message.grant.rawValue, default: [:]][message.number.rawValue] = message.reason
        case .message: messages.append(try frame.decode(ClientMessage.init(from:)))
        case .section: try section(frame.body)
        case .piece:
            let head = try ByteReader.read(Array(frame.body)) { (reader) throws(WireError) in
                try PieceHead(from: &reader)
            }
            if let whole = try pieces[head.link, default: SectionAssembly()].receive(frame.body) {
                try whole.withUnsafeBytes { try section($0) }
            }
        case .mark:
            let mark = try frame.decode(Mark.init(from:))
            let channel = try name(mark.link)
            _ = try mirrors[channel, default: ChannelMirror()].commit(
                base: mark.base.rawValue, version: mark.version.rawValue)
            onCommit?(channel, mirrors[channel]!)
        case .ping:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            try send(.pong) { $0.u64(token) }
        case .bye: bye = try frame.decode(Bye.init(from:))
        default: throw Failure("a front does not send \(frame.kind) to a client")
        }
    }

    private func section(_ body: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(body)
        let head = try SectionHead(from: &reader)
        let schema = head.hasSchema ? try SchemaDescription(&reader) : nil
        let section = StateSection(
            audience: head.audience.rawValue, base: head.base.rawValue, version: head.version.rawValue,
            hash: head.hash, schema: schema, patch: Array(reader.rest()))
        try mirrors[try name(head.link), default: ChannelMirror()].receive(section)
    }

    private func name(_ link: LinkNumber) throws -> String {
        guard let name = names[link] else { throw Failure("link \(link) was never attached") }
        return name
    }
}

extension [UInt8] {
    var hex: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
