import Core
import State

/// Reads a frame with the codec of its kind: what it says, field by field, and the bytes that saying it again gives.
struct WireExample {
    var fields: [(String, String)] = []
    var again = ByteWriter()

    /// `schema` is the one that patches are of: a section that brings one leaves it there.
    init(_ frame: Frame, schema: inout SchemaDescription?) throws {
        var fields: [(String, String)] = []
        var again = ByteWriter()
        try Self.read(frame, &schema, &fields, &again)
        self.fields = fields
        self.again.frame(frame.kind) { $0.raw(again.bytes) }
    }

    /// `link=7 base=57 …`, as docs/WIRE.md writes it behind the hex.
    var text: String { fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ") }

    private static func read(
        _ frame: Frame, _ schema: inout SchemaDescription?, _ fields: inout [(String, String)],
        _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .greeting, .challenge, .proof, .accepted, .bye, .ping, .pong: try opening(frame, &fields, &again)
        case .say, .relayed, .relay, .tell: try messages(frame, &fields, &again)
        case .disagreed, .trunkDisagreed, .regroupedClient, .regrouped, .dropped:
            try audiences(frame, &fields, &again)
        case .hello, .inputs, .inputsNow, .read, .unread, .write: try fromClient(frame, &fields, &again)
        case .welcome, .attachedClient, .unlinkedClient, .grantedClient, .ackedClient, .refusedClient, .message:
            try toClient(frame, &fields, &again)
        case .section, .mark, .piece: try state(frame, &schema, &fields, &again)
        case .link, .unlink, .attach, .detach, .trunkInputs, .want, .credit, .toBack:
            try toBack(frame, &fields, &again)
        case .linked, .unlinked, .attached, .dismissed, .granted, .revoked, .acked, .refused, .toSessions, .toFront:
            try fromBack(frame, &fields, &again)
        case .announce, .directory, .listener, .report, .query, .answer, .stop, .drain, .handOver:
            try hub(frame, &fields, &again)
        case .pageNews:
            let it = try frame.decode(PageNews.init(from:))
            fields = [
                ("path", quoted(it.path)), ("epoch", "\(it.version.epoch)"), ("version", "\(it.version.version)"),
                ("hash", hex(it.hash)),
            ]
            it.encode(into: &again)
        case .job:
            let message = try frame.decode(JobMessage.init(from:))
            fields = JobExample.fields(of: message)
            message.encode(into: &again)
        }
    }

    // MARK: Words for values

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { Hex.text(bytes, separator: "") }
    private static func quoted(_ text: String) -> String { "\"\(text)\"" }
    private static func data(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        guard let text = String(validating: bytes, as: UTF8.self), text.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
        else { return hex(bytes) }
        return quoted(text)
    }
    private static func list(_ values: some Sequence<some CustomStringConvertible>) -> String {
        "[" + values.map(\.description).joined(separator: ",") + "]"
    }
    private static func word(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
    private static func held(_ held: Held?) -> String {
        held.map { "\(word($0.lineage.rawValue))@\($0.version)\(list($0.audiences))" } ?? "none"
    }
    private static func reads(_ read: Read) -> String {
        "\(quoted(read.channel)):\(held(read.held)):\(data(read.options))"
    }

    // MARK: The kinds

    private static func opening(
        _ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .greeting:
            let it = try frame.decode(Greeting.init(from:))
            fields = [
                ("lowest", "\(it.lowestVersion)"), ("highest", "\(it.highestVersion)"), ("role", "\(it.role)"),
                ("name", quoted(it.name)), ("incarnation", word(it.incarnation.rawValue)),
                ("nonce", word(it.nonce.high) + word(it.nonce.low)),
            ]
            it.encode(into: &again)
        case .challenge:
            let it = try frame.decode(Challenge.init(from:))
            fields = [
                ("version", "\(it.version)"), ("name", quoted(it.name)),
                ("incarnation", word(it.incarnation.rawValue)), ("nonce", word(it.nonce.high) + word(it.nonce.low)),
                ("proof", hex(it.proof)),
            ]
            it.encode(into: &again)
        case .proof:
            let proof = try frame.decode { (reader) throws(WireError) in Array(try reader.raw(32)) }
            fields = [("proof", hex(proof))]
            again.raw(proof)
        case .accepted:
            let it = try frame.decode(Accepted.init(from:))
            fields = [
                ("epoch", "\(it.epoch)"), ("families", list(it.families.map(quoted))), ("options", data(it.options)),
            ]
            it.encode(into: &again)
        case .bye:
            let it = try frame.decode(Bye.init(from:))
            fields = [("code", "\(it.code)"), ("reason", quoted(it.reason)), ("attach", "\(it.attach)")]
            it.encode(into: &again)
        default:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            fields = [("token", word(token))]
            again.u64(token)
        }
    }

    private static func audiences(
        _ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .regroupedClient:
            let it = try frame.decode(ClientRegrouped.init(from:))
            fields = [("link", "\(it.link)"), ("audiences", list(it.audiences)), ("kept", list(it.kept))]
            it.encode(into: &again)
        case .regrouped:
            let it = try frame.decode(Regrouped.init(from:))
            fields = [("link", "\(it.link)"), ("member", "\(it.member)"), ("audiences", list(it.audiences))]
            it.encode(into: &again)
        case .dropped:
            let it = try frame.decode(Dropped.init(from:))
            fields = [("link", "\(it.link)"), ("audiences", list(it.audiences))]
            it.encode(into: &again)
        default:
            let it = try frame.decode(Disagreed.init(from:))
            fields = [
                ("link", "\(it.link)"), ("audience", "\(it.audience)"), ("version", "\(it.version)"),
                ("told", word(it.told)), ("held", word(it.held)),
            ]
            it.encode(into: &again)
        }
    }

    private static func messages(
        _ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .say:
            let it = try frame.decode(ClientSaid.init(from:))
            fields = [("to", list(it.channels.map(quoted))), ("data", data(it.data))]
            it.encode(into: &again)
        case .tell:
            let it = try frame.decode(Told.init(from:))
            fields = [("channel", quoted(it.channel)), ("data", data(it.data))]
            it.encode(into: &again)
        default:
            let it = try frame.decode(Relayed.init(from:))
            fields = [("from", quoted(it.sender)), ("to", quoted(it.channel)), ("data", data(it.data))]
            it.encode(into: &again)
        }
    }

    private static func fromClient(
        _ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .hello:
            let it = try frame.decode(Hello.init(from:))
            fields = [
                ("attach", "\(it.attach)"), ("token", data(it.token)), ("read", list(it.reads.map(reads))),
                ("write", quoted(it.write)), ("options", data(it.writeOptions)),
            ]
            it.encode(into: &again)
        case .inputs, .inputsNow:
            var reader = ByteReader(frame.body)
            let (grant, first): (GrantID, InputNumber) = (try reader.u64(), try reader.num())
            again.u64(grant)
            again.num(first)
            var inputs: [String] = []
            while !reader.isAtEnd {
                let input = Array(try reader.blob())
                again.blob(input)
                inputs.append(data(input))
            }
            fields = [("grant", word(grant.rawValue)), ("first", "\(first)"), ("inputs", list(inputs))]
        case .read:
            let it = try frame.decode(Read.init(from:))
            fields = [("read", reads(it))]
            it.encode(into: &again)
        case .write:
            let it = try frame.decode(ClientWish.init(from:))
            fields = [("channel", quoted(it.channel)), ("options", data(it.options))]
            it.encode(into: &again)
        default:
            let channel = try frame.decode { (reader) throws(WireError) in try reader.text() }
            fields = [("channel", quoted(channel))]
            again.text(channel)
        }
    }

    private static func toClient(
        _ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter
    ) throws {
        switch frame.kind {
        case .welcome:
            let it = try frame.decode(Welcome.init(from:))
            fields = [("session", "\(it.session)"), ("token", data(it.token)), ("resumed", it.isResumed ? "1" : "0")]
            it.encode(into: &again)
        case .attachedClient:
            let it = try frame.decode(ClientAttached.init(from:))
            fields = [
                ("link", "\(it.link)"), ("channel", quoted(it.channel)), ("me", "\(it.me)"),
                ("lineage", word(it.lineage.rawValue)),
                ("version", "\(it.version)"), ("audiences", list(it.audiences)), ("kept", list(it.kept)),
                ("data", data(it.data)),
            ]
            it.encode(into: &again)
        case .unlinkedClient:
            let it = try frame.decode(ClientUnlinked.init(from:))
            fields = [
                ("channel", quoted(it.channel)), ("code", "\(it.farewell.code.rawValue)"),
                ("reason", quoted(it.farewell.reason)),
            ]
            it.encode(into: &again)
        case .grantedClient:
            let it = try frame.decode(ClientGranted.init(from:))
            fields = [
                ("channel", quoted(it.channel)), ("grant", word(it.grant.rawValue)), ("highest", "\(it.highest)"),
                ("refused", list(it.refused)),
            ]
            it.encode(into: &again)
        case .ackedClient:
            let it = try frame.decode(ClientAcked.init(from:))
            fields = [("grant", word(it.grant.rawValue)), ("highest", "\(it.highest)"), ("tick", "\(it.tick)")]
            it.encode(into: &again)
        case .refusedClient:
            let it = try frame.decode(ClientRefused.init(from:))
            fields = [("grant", word(it.grant.rawValue)), ("number", "\(it.number)"), ("reason", quoted(it.reason))]
            it.encode(into: &again)
        default:
            let it = try frame.decode(ClientMessage.init(from:))
            fields = [("channel", quoted(it.channel)), ("version", "\(it.version)"), ("data", data(it.data))]
            it.encode(into: &again)
        }
    }

    private static func state(
        _ frame: Frame, _ schema: inout SchemaDescription?, _ fields: inout [(String, String)],
        _ again: inout ByteWriter
    ) throws {
        var reader = ByteReader(frame.body)
        switch frame.kind {
        case .section:
            let head = try SectionHead(from: &reader)
            head.encode(into: &again)
            fields = [
                ("link", "\(head.link)"), ("audience", "\(head.audience)"), ("base", "\(head.base)"),
                ("version", "\(head.version)"), ("hash", head.hash.map(word) ?? "none"),
            ]
            if head.hasSchema {
                let read = try SchemaDescription(&reader)
                again.raw(read.encoded)
                schema = read
                fields.append(("tables", list(read.tables.map { "\($0.name):\($0.fields.map(\.name))" })))
            }
            let patch = Array(reader.rest())
            // Writing it anew through the squash with nothing gives the canonical bytes.
            again.raw(try Patch.squash([], patch))
            if let schema { fields.append(("patch", try Patch.jsonMembers(patch, schema))) }
        case .mark:
            let it = try frame.decode(Mark.init(from:))
            fields = [
                ("link", "\(it.link)"), ("base", "\(it.base)"), ("version", "\(it.version)"), ("tick", "\(it.tick)"),
            ]
            it.encode(into: &again)
        default:
            let it = try PieceHead(from: &reader)
            it.encode(into: &again)
            let part = Array(reader.rest())
            again.raw(part)
            fields = [
                ("link", "\(it.link)"), ("audience", "\(it.audience)"), ("offset", "\(it.offset)"),
                ("total", "\(it.total)"), ("bytes", hex(part)),
            ]
        }
    }

    private static func toBack(_ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter) throws {
        switch frame.kind {
        case .link:
            let it = try frame.decode(LinkRequest.init(from:))
            fields = [("link", "\(it.link)"), ("channel", quoted(it.channel)), ("options", data(it.options))]
            it.encode(into: &again)
        case .unlink:
            let link: LinkNumber = try frame.decode { (reader) throws(WireError) in try reader.num() }
            fields = [("link", "\(link)")]
            again.num(link)
        case .attach:
            let it = try frame.decode(Attach.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("session", "\(it.session)"),
                ("attach", "\(it.attach)"), ("write", it.wantsWrite ? "1" : "0"), ("held", held(it.held)),
                ("claims", list(it.claims.map { "\($0.name):\(quoted($0.value))" })), ("options", data(it.options)),
                ("writeOptions", data(it.writeOptions)),
            ]
            it.encode(into: &again)
        case .detach:
            let it = try frame.decode(Detach.init(from:))
            fields = [("link", "\(it.link)"), ("member", "\(it.member)"), ("reason", "\(it.reason.rawValue)")]
            it.encode(into: &again)
        case .trunkInputs:
            var reader = ByteReader(frame.body)
            let link: LinkNumber = try reader.num()
            again.num(link)
            var inputs: [String] = []
            while !reader.isAtEnd {
                let (member, number): (MemberNumber, InputNumber) = (try reader.num(), try reader.num())
                let input = Array(try reader.blob())
                again.num(member)
                again.num(number)
                again.blob(input)
                inputs.append("\(member)#\(number):\(data(input))")
            }
            fields = [("link", "\(link)"), ("inputs", list(inputs))]
        case .want:
            let it = try frame.decode(Want.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("write", it.write ? "1" : "0"),
                ("options", data(it.options)),
            ]
            it.encode(into: &again)
        case .credit:
            let it = try frame.decode(Credit.init(from:))
            fields = [("link", "\(it.link)"), ("bytes", "\(it.byteCount)")]
            it.encode(into: &again)
        default:
            let it = try frame.decode(ToBack.init(from:))
            fields = [("channel", quoted(it.channel)), ("member", "\(it.member)"), ("data", data(it.data))]
            it.encode(into: &again)
        }
    }

    private static func fromBack(_ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter) throws {
        switch frame.kind {
        case .linked:
            let it = try frame.decode(Linked.init(from:))
            fields = [
                ("link", "\(it.link)"), ("lineage", word(it.lineage.rawValue)), ("version", "\(it.version)"),
                ("rate", "\(it.ticksPerKilosecond)"), ("data", data(it.data)),
            ]
            it.encode(into: &again)
        case .unlinked:
            let it = try frame.decode(Unlinked.init(from:))
            fields = [
                ("link", "\(it.link)"), ("code", "\(it.farewell.code.rawValue)"),
                ("reason", quoted(it.farewell.reason)),
            ]
            it.encode(into: &again)
        case .attached:
            let it = try frame.decode(MemberAttached.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("me", "\(it.me)"), ("version", "\(it.version)"),
                ("audiences", list(it.audiences)), ("kept", list(it.kept)), ("data", data(it.data)),
            ]
            it.encode(into: &again)
        case .dismissed:
            let it = try frame.decode(Dismissed.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("code", "\(it.farewell.code.rawValue)"),
                ("reason", quoted(it.farewell.reason)),
            ]
            it.encode(into: &again)
        case .granted:
            let it = try frame.decode(Granted.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("grant", word(it.grant.rawValue)),
                ("highest", "\(it.highest)"), ("refused", list(it.refused)),
            ]
            it.encode(into: &again)
        case .revoked:
            let it = try frame.decode(Revoked.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("grant", word(it.grant.rawValue)),
                ("highest", "\(it.highest)"),
            ]
            it.encode(into: &again)
        case .acked:
            var reader = ByteReader(frame.body)
            let (link, tick): (LinkNumber, TickNumber) = (try reader.num(), try reader.num())
            again.num(link)
            again.num(tick)
            var acks: [String] = []
            while !reader.isAtEnd {
                let (member, highest): (MemberNumber, InputNumber) = (try reader.num(), try reader.num())
                again.num(member)
                again.num(highest)
                acks.append("\(member)#\(highest)")
            }
            fields = [("link", "\(link)"), ("tick", "\(tick)"), ("acks", list(acks))]
        case .refused:
            let it = try frame.decode(MemberRefused.init(from:))
            fields = [
                ("link", "\(it.link)"), ("member", "\(it.member)"), ("number", "\(it.number)"),
                ("reason", quoted(it.reason)),
            ]
            it.encode(into: &again)
        case .toSessions:
            let it = try frame.decode(ToSessions.init(from:))
            fields = [
                ("link", "\(it.link)"), ("version", "\(it.version)"), ("members", list(it.members)),
                ("data", data(it.data)),
            ]
            it.encode(into: &again)
        default:
            let it = try frame.decode(ToFront.init(from:))
            fields = [("link", "\(it.link)"), ("data", data(it.data))]
            it.encode(into: &again)
        }
    }

    private static func hub(_ frame: Frame, _ fields: inout [(String, String)], _ again: inout ByteWriter) throws {
        switch frame.kind {
        case .announce, .directory, .report:
            let json = try frame.decode { (reader) throws(WireError) in try reader.text() }
            fields = [("json", json)]
            again.text(json)
        case .listener:
            let it = try frame.decode(ListenerMessage.init(from:))
            fields = [("address", quoted(it.address))]
            it.encode(into: &again)
        case .query:
            let it = try frame.decode(Query.init(from:))
            fields = [("number", "\(it.number)"), ("path", quoted(it.path))]
            it.encode(into: &again)
        case .answer:
            let it = try frame.decode(Answer.init(from:))
            fields = [
                ("number", "\(it.number)"), ("status", "\(it.status)"), ("type", quoted(it.contentType)),
                ("body", data(it.body)),
            ]
            it.encode(into: &again)
        case .drain:
            let it = try frame.decode(DrainMessage.init(from:))
            fields = [("deadline", "\(Int(it.deadline / .milliseconds(1)))")]
            it.encode(into: &again)
        case .handOver:
            let it = try frame.decode(HandOverMessage.init(from:))
            fields = [("pid", "\(it.pid)"), ("listeners", "\(it.listenerCount)")]
            it.encode(into: &again)
        default:
            let it = try frame.decode(StopMessage.init(from:))
            fields = [("grace", "\(Int(it.grace / .milliseconds(1)))")]
            it.encode(into: &again)
        }
    }
}

/// Hex digits and bytes.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>, separator: String = " ") -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: separator != "") }.joined(
            separator: separator)
    }

    /// Nil if a word of the text is not two hex digits.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        for word in text.split(separator: " ") {
            guard word.count == 2, let byte = UInt8(word, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
