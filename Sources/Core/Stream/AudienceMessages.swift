import State

/// Back → front: from this tick's mark on a member is in these audiences. The sections of those that are new to the link stand
/// before the same mark.
package struct Regrouped: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    /// All of them, ascending, everyone first.
    package var audiences: [AudienceNumber]

    package init(link: LinkNumber, member: MemberNumber, audiences: [AudienceNumber]) {
        self.link = link
        self.member = member
        self.audiences = audiences
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        audiences = try reader.nums()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.nums(audiences)
    }
}

/// Back → front: no member of the link has been in these audiences for long. Nothing more comes of them, and what is kept of
/// them is of no use any more; whoever enters one later is sent it whole.
package struct Dropped: Equatable, Sendable {
    package var link: LinkNumber
    package var audiences: [AudienceNumber]

    package init(link: LinkNumber, audiences: [AudienceNumber]) {
        self.link = link
        self.audiences = audiences
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        audiences = try reader.nums()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.nums(audiences)
    }
}

/// Front → client: from the next mark on the session is in `audiences`. It goes on from what it holds of those also in `kept`;
/// the others come whole before that mark, and what it holds of any that is not listed is dropped at it.
package struct ClientRegrouped: Equatable, Sendable {
    package var link: LinkNumber
    package var audiences: [AudienceNumber]
    package var kept: [AudienceNumber]

    package init(link: LinkNumber, audiences: [AudienceNumber], kept: [AudienceNumber]) {
        self.link = link
        self.audiences = audiences
        self.kept = kept
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        audiences = try reader.nums()
        kept = try reader.nums()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.nums(audiences)
        writer.nums(kept)
    }
}

/// Client → front → back: the state hash that a section told is not that of what is held. The client reads the channel anew by
/// itself; this is for whoever looks after the back.
package struct Disagreed: Equatable, Sendable {
    package var link: LinkNumber
    package var audience: AudienceNumber
    package var version: Version
    package var told: UInt64
    package var held: UInt64

    package init(link: LinkNumber, audience: AudienceNumber, version: Version, told: UInt64, held: UInt64) {
        self.link = link
        self.audience = audience
        self.version = version
        self.told = told
        self.held = held
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        audience = try reader.num()
        version = try reader.num()
        told = try reader.u64()
        held = try reader.u64()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(audience)
        writer.num(version)
        writer.u64(told)
        writer.u64(held)
    }
}
