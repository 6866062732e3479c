import Core
import State

/// `Defect.noDedupe`: on its way to the back an input that comes again gets a number that has not been.
final class NoDedupe: FrameTap {
    private struct Member: Hashable {
        let connection: UInt64
        let link: LinkNumber
        let member: MemberNumber
    }

    /// Of one session at one back: where its numbers stand, and how many more there are than it knows.
    private struct Count {
        var grant = GrantID(rawValue: 0)
        var highest: UInt64 = 0
        var added: UInt64 = 0
    }

    private struct Place: Hashable {
        let back: Int32
        let session: SessionID
        let channel: String
    }

    private var channelOf: [UInt64: [LinkNumber: String]] = [:]
    private var placeOf: [Member: Place] = [:]
    private var counts: [Place: Count] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .trunkUp || way.direction == .trunkDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        switch frame.kind {
        case .link:
            if let link = frame.read({ (reader) throws(WireError) in try LinkRequest(from: &reader) }) {
                channelOf[way.connection, default: [:]][link.link] = link.channel
            }
        case .attach:
            if let attach = frame.read({ (reader) throws(WireError) in try Attach(from: &reader) }) {
                let member = Member(connection: way.connection, link: attach.link, member: attach.member)
                let channel = channelOf[way.connection]?[attach.link] ?? ""
                placeOf[member] = Place(back: way.far, session: attach.session, channel: channel)
            }
        case .granted:
            if let granted = frame.read({ (reader) throws(WireError) in try Granted(from: &reader) }) {
                let member = Member(connection: way.connection, link: granted.link, member: granted.member)
                if let place = placeOf[member], counts[place]?.grant != granted.grant {
                    counts[place] = Count(grant: granted.grant, highest: granted.highest.rawValue)
                }
            }
        case .trunkInputs:
            if let renumbered = renumber(frame, way) {
                return out.frame(.trunkInputs) { $0.raw(renumbered) }
            }
        default: break
        }
        out.raw(frame.whole)
    }

    private func renumber(_ frame: Frame, _ way: Way) -> [UInt8]? {
        frame.read { (reader) throws(WireError) in
            var out = ByteWriter()
            let link: LinkNumber = try reader.num()
            out.num(link)
            while !reader.isAtEnd {
                let member: MemberNumber = try reader.num()
                let number: InputNumber = try reader.num()
                let data = Array(try reader.blob())
                out.num(member)
                out.num(self.next(number, Member(connection: way.connection, link: link, member: member)))
                out.blob(data)
            }
            return out.bytes
        }
    }

    private func next(_ number: InputNumber, _ member: Member) -> InputNumber {
        guard let place = placeOf[member], var count = counts[place] else { return number }
        if number.rawValue + count.added <= count.highest { count.added = count.highest + 1 - number.rawValue }
        let next = number.rawValue + count.added
        count.highest = max(count.highest, next)
        counts[place] = count
        return InputNumber(rawValue: next)
    }
}

/// `Defect.ackBeforeTick`: while inputs wait for their tick, the front is told already that they were decided.
final class AckBeforeTick: FrameTap {
    private struct Early {
        var link: LinkNumber
        var members: [MemberNumber: InputNumber]
    }

    private var early: [UInt64: [Early]] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .trunkUp || way.direction == .trunkDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        out.raw(frame.whole)
        switch frame.kind {
        case .trunkInputs:
            let ack = frame.read { (reader) throws(WireError) in
                var ack = Early(link: try reader.num(), members: [:])
                while !reader.isAtEnd {
                    let member: MemberNumber = try reader.num()
                    ack.members[member] = try reader.num()
                    _ = try reader.blob()
                }
                return ack
            }
            if let ack { early[way.connection, default: []].append(ack) }
        case .mark:
            // The tick's own acks are not out yet; what arrived since is acked here.
            for ack in early.removeValue(forKey: way.connection) ?? [] {
                out.frame(.acked) {
                    $0.num(ack.link)
                    $0.num(TickNumber(rawValue: 1))
                    for member in ack.members.keys.sorted() {
                        $0.num(member)
                        $0.num(ack.members[member] ?? .none)
                    }
                }
            }
        default: break
        }
    }
}

/// `Defect.inputOfOldGrant`: inputs of whatever grant count as of the newest that the connection was told.
final class InputOfOldGrant: FrameTap {
    private var newest: [UInt64: GrantID] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .clientUp || way.direction == .clientDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        switch frame.kind {
        case .grantedClient:
            let granted = frame.read { (reader) throws(WireError) in try ClientGranted(from: &reader) }
            newest[way.connection] = granted?.grant
            out.raw(frame.whole)
        case .inputs, .inputsNow:
            guard let grant = newest[way.connection],
                let rest = frame.read({ (reader) throws(WireError) in
                    _ = try reader.u64()
                    return Array(reader.rest())
                })
            else { return out.raw(frame.whole) }
            out.frame(frame.kind) {
                $0.u64(grant)
                $0.raw(rest)
            }
        default: out.raw(frame.whole)
        }
    }
}
