import Core
import State

/// A front process at a rehearsal: it reads the real bytes of its trunk and hands them to its sessions' clients.
final class RehearsedFront {
    /// What a frame makes the front say.
    enum Answer {
        case bytes([UInt8])
        /// A client has its grant back and sends what was never answered.
        case resend(RehearsedClient)
    }

    let name: String
    let trunk: TrunkID
    let opening: [UInt8]
    private var handshake: ConnectorHandshake?
    private var reader = FrameReader(limit: Limits.nodeFrameBytes)
    private var assembly = SectionAssembly()
    /// Nil before the first link and after one was refused.
    private(set) var link: LinkNumber?
    private var lastLink = LinkNumber(rawValue: 0)
    private var lastMember = MemberNumber(rawValue: 0)
    private var lineage: Lineage?
    /// The channel's state as this front holds it: all audiences that its sessions are in.
    private var mirror = ChannelMirror()
    /// What waits for the mark: the tick's sections, and the sessions that are in other audiences from then on.
    private var sections: [StateSection] = []
    private var regrouped: [MemberNumber: [UInt64]] = [:]
    var clientOf: [MemberNumber: RehearsedClient] = [:]
    private(set) var messages: [[UInt8]] = []
    /// What the channel said to other channels.
    private(set) var relayed: [Relayed] = []

    init(name: String, trunk: TrunkID, handshake: ConnectorHandshake) {
        self.name = name
        self.trunk = trunk
        opening = handshake.opening
        self.handshake = handshake
    }

    func beginLink() -> LinkNumber {
        lastLink = lastLink.next
        link = lastLink
        mirror = ChannelMirror()
        sections = []
        regrouped = [:]
        return lastLink
    }

    func addMember(_ client: RehearsedClient) -> MemberNumber {
        lastMember = lastMember.next
        clientOf[lastMember] = client
        return lastMember
    }

    func receive(_ bytes: [UInt8]) throws -> [Answer] {
        var answers: [Answer] = []
        var reader = self.reader
        try bytes.withUnsafeBytes { bytes in
            try reader.receive(
                bytes, { (frame) throws in if let answer = try take(frame) { answers.append(answer) } },
                failed: { $0 as any Error })
        }
        self.reader = reader
        return answers
    }

    private func take(_ frame: Frame) throws -> Answer? {
        if handshake != nil {
            guard case .send(let bytes)? = try handshake?.receive(frame) else {
                handshake = nil
                return nil
            }
            return .bytes(bytes)
        }
        switch frame.kind {
        case .section: try take(section: frame.body)
        case .piece:
            if let body = try assembly.receive(frame.body) { try body.withUnsafeBytes { try take(section: $0) } }
        case .mark: try take(try frame.decode(Mark.init(from:)))
        case .linked: lineage = try frame.decode(Linked.init(from:)).lineage
        case .unlinked:
            let unlinked = try frame.decode(Unlinked.init(from:))
            for member in clientOf.keys.sorted() { clientOf[member]?.dismissed(unlinked.farewell.reason) }
            clientOf.removeAll()
            link = nil
        case .attached:
            let attached = try frame.decode(MemberAttached.init(from:))
            let wholes = try wholes(of: attached.audiences.map(\.rawValue))
            try clientOf[attached.member]?.attached(wholes, lineage, attached.data)
        case .regrouped:
            let frame = try frame.decode(Regrouped.init(from:))
            regrouped[frame.member] = frame.audiences.map(\.rawValue)
        case .dropped:
            let dropped = Set(try frame.decode(Dropped.init(from:)).audiences.map(\.rawValue))
            let left = mirror.audiences.filter { !dropped.contains($0) }
            mirror.setAudiences(listed: left, kept: left)
        case .dismissed:
            let dismissed = try frame.decode(Dismissed.init(from:))
            clientOf.removeValue(forKey: dismissed.member)?.dismissed(dismissed.farewell.reason)
        case .granted:
            let granted = try frame.decode(Granted.init(from:))
            guard let client = clientOf[granted.member] else { return nil }
            return client.granted(granted) ? .resend(client) : nil
        case .revoked:
            let revoked = try frame.decode(Revoked.init(from:))
            clientOf[revoked.member]?.acked(revoked.highest)
        case .acked: try takeAcks(frame)
        case .refused:
            let refused = try frame.decode(MemberRefused.init(from:))
            clientOf[refused.member]?.refused(refused.number, refused.reason)
        case .toSessions:
            let message = try frame.decode(ToSessions.init(from:))
            let members = message.members.isEmpty ? clientOf.keys.sorted() : message.members
            for member in members { clientOf[member]?.received(message.data) }
        case .toFront: messages.append(try frame.decode(ToFront.init(from:)).data)
        case .tell: messages.append(try frame.decode(Told.init(from:)).data)
        case .relay: relayed.append(try frame.decode(Relayed.init(from:)))
        case .credit, .ping, .pong: break
        default: throw Farewell(.protocolError, "frame \(frame.kind) is not one that a back sends")
        }
        return nil
    }

    private func take(section body: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(body)
        let head = try SectionHead(from: &reader)
        guard head.link == link else { return }
        let schema = head.hasSchema ? try SchemaDescription(&reader) : nil
        let section = StateSection(
            audience: head.audience.rawValue, base: head.base.rawValue, version: head.version.rawValue,
            hash: head.hash, schema: schema, patch: Array(reader.rest()))
        try mirror.receive(section)
        sections.append(section)
    }

    private func take(_ mark: Mark) throws {
        guard mark.link == link else { return }
        _ = try mirror.commit(base: mark.base.rawValue, version: mark.version.rawValue)
        for member in clientOf.keys.sorted() {
            guard let client = clientOf[member], client.place == .attached else { continue }
            let held = Set(client.mirror.audiences)
            if let listed = regrouped[member] {
                try client.regrouped(listed, wholes: wholes(of: listed.filter { !held.contains($0) }))
            }
            let listed = Set(regrouped[member] ?? client.mirror.audiences)
            try client.take(sections.filter { held.contains($0.audience) && listed.contains($0.audience) }, mark)
        }
        sections = []
        regrouped = [:]
    }

    /// All that this front holds of some audiences, as sections from nothing.
    private func wholes(of audiences: [UInt64]) throws -> [StateSection] {
        audiences.map {
            StateSection(
                audience: $0, base: 0, version: mirror.version, schema: $0 == 0 ? mirror.schema : nil,
                patch: mirror.encoded(audience: $0))
        }
    }

    private func takeAcks(_ frame: Frame) throws {
        var reader = ByteReader(frame.body)
        let _: LinkNumber = try reader.num()
        let _: TickNumber = try reader.num()
        while !reader.isAtEnd {
            let member: MemberNumber = try reader.num()
            let highest: InputNumber = try reader.num()
            clientOf[member]?.acked(highest)
        }
    }
}
