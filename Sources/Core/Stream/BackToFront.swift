import State

/// The back channel's yes to a link. A snapshot and its mark follow.
package struct Linked: Equatable, Sendable {
    package var link: LinkNumber
    package var lineage: Lineage
    package var version: Version
    /// Ticks in 1000 seconds; 0 when the channel is stepped by hand.
    package var ticksPerKilosecond: UInt64
    package var data: [UInt8]

    package init(link: LinkNumber, lineage: Lineage, version: Version, ticksPerKilosecond: UInt64, data: [UInt8] = []) {
        self.link = link
        self.lineage = lineage
        self.version = version
        self.ticksPerKilosecond = ticksPerKilosecond
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        lineage = try reader.u64()
        version = try reader.num()
        ticksPerKilosecond = try reader.num()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.u64(lineage)
        writer.num(version)
        writer.num(ticksPerKilosecond)
        writer.blob(data)
    }
}

/// The link is over, or was never made.
package struct Unlinked: Equatable, Sendable {
    package var link: LinkNumber
    package var farewell: Farewell

    package init(link: LinkNumber, farewell: Farewell) {
        self.link = link
        self.farewell = farewell
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        farewell = try reader.farewell()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.farewell(farewell)
    }
}

/// A session is in, as of `version`, with these audiences.
package struct MemberAttached: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    /// The session's number in this channel.
    package var me: SessionNumber
    package var version: Version
    package var audiences: [AudienceNumber]
    package var kept: [AudienceNumber]
    package var data: [UInt8]

    package init(
        link: LinkNumber, member: MemberNumber, me: SessionNumber, version: Version, audiences: [AudienceNumber],
        kept: [AudienceNumber] = [], data: [UInt8] = []
    ) {
        self.link = link
        self.member = member
        self.me = me
        self.version = version
        self.audiences = audiences
        self.kept = kept
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        me = try reader.num()
        version = try reader.num()
        audiences = try reader.nums()
        kept = try reader.nums()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.num(me)
        writer.num(version)
        writer.nums(audiences)
        writer.nums(kept)
        writer.blob(data)
    }
}

/// A session is not in, or no longer.
package struct Dismissed: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var farewell: Farewell

    package init(link: LinkNumber, member: MemberNumber, farewell: Farewell) {
        self.link = link
        self.member = member
        self.farewell = farewell
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        farewell = try reader.farewell()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.farewell(farewell)
    }
}

/// A member may write: `highest` is what is decided already, `refused` names those of the last 256 that were not taken.
package struct Granted: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var grant: GrantID
    package var highest: InputNumber
    package var refused: [InputNumber]

    package init(link: LinkNumber, member: MemberNumber, grant: GrantID, highest: InputNumber, refused: [InputNumber]) {
        self.link = link
        self.member = member
        self.grant = grant
        self.highest = highest
        self.refused = refused
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        grant = try reader.u64()
        highest = try reader.num()
        refused = try reader.nums()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.u64(grant)
        writer.num(highest)
        writer.nums(refused)
    }
}

/// The grant is over and everything up to `highest` is decided.
package struct Revoked: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var grant: GrantID
    package var highest: InputNumber

    package init(link: LinkNumber, member: MemberNumber, grant: GrantID, highest: InputNumber) {
        self.link = link
        self.member = member
        self.grant = grant
        self.highest = highest
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        grant = try reader.u64()
        highest = try reader.num()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.u64(grant)
        writer.num(highest)
    }
}

/// One input of a member that the application would not take.
package struct MemberRefused: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var number: InputNumber
    package var reason: String

    package init(link: LinkNumber, member: MemberNumber, number: InputNumber, reason: String) {
        self.link = link
        self.member = member
        self.number = number
        self.reason = reason
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        number = try reader.num()
        reason = try reader.text()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.num(number)
        writer.text(reason)
    }
}

/// A message to some members of a link, or to all (an empty list).
package struct ToSessions: Equatable, Sendable {
    package var link: LinkNumber
    package var version: Version
    package var members: [MemberNumber]
    package var data: [UInt8]

    package init(link: LinkNumber, version: Version, members: [MemberNumber], data: [UInt8]) {
        self.link = link
        self.version = version
        self.members = members
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        version = try reader.num()
        members = try reader.nums()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(version)
        writer.nums(members)
        writer.blob(data)
    }
}

/// A message to the front channel itself.
package struct ToFront: Equatable, Sendable {
    package var link: LinkNumber
    package var data: [UInt8]

    package init(link: LinkNumber, data: [UInt8]) {
        self.link = link
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.blob(data)
    }
}
