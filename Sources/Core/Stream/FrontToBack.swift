import State

/// A claim about a session that the front vouches for: what its accept hook said of it.
package struct Claim: Equatable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A front channel asks for its back channel.
package struct LinkRequest: Equatable, Sendable {
    package var link: LinkNumber
    package var channel: String
    package var options: [UInt8]

    package init(link: LinkNumber, channel: String, options: [UInt8] = []) {
        self.link = link
        self.channel = channel
        self.options = options
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        channel = try reader.text()
        options = try reader.options()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.text(channel)
        writer.blob(options)
    }
}

/// A session comes to a channel, for the first time or again.
package struct Attach: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var session: SessionID
    package var attach: AttachNumber
    package var wantsWrite: Bool
    package var held: Held?
    package var claims: [Claim]
    package var options: [UInt8]
    /// What the client gave with its wish to write here.
    package var writeOptions: [UInt8]

    package init(
        link: LinkNumber, member: MemberNumber, session: SessionID, attach: AttachNumber, wantsWrite: Bool,
        held: Held? = nil, claims: [Claim] = [], options: [UInt8] = [], writeOptions: [UInt8] = []
    ) {
        self.link = link
        self.member = member
        self.session = session
        self.attach = attach
        self.wantsWrite = wantsWrite
        self.held = held
        self.claims = claims
        self.options = options
        self.writeOptions = writeOptions
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        session = try reader.session()
        attach = try reader.num()
        wantsWrite = try reader.flag()
        held = try Held.maybe(from: &reader)
        let count = try reader.count(limit: Limits.claimsPerSession, of: "the claims")
        claims = []
        for _ in 0..<count { claims.append(Claim(name: try reader.text(), value: try reader.text())) }
        options = try reader.options()
        writeOptions = try reader.optionsToTheEnd()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.session(session)
        writer.num(attach)
        writer.u8(wantsWrite ? 1 : 0)
        Held.encode(held, into: &writer)
        writer.num(claims.count)
        for claim in claims {
            writer.text(claim.name)
            writer.text(claim.value)
        }
        writer.blob(options)
        writer.raw(writeOptions)
    }
}

/// Why a session is no longer there.
package enum DetachReason: UInt8, Sendable {
    /// Its connection is gone; it may come back.
    case connectionLost = 1
    /// It said goodbye.
    case leftForGood = 2
    /// It stopped reading this channel.
    case stoppedReading = 3
    /// Its page went away, closed or about to load again: it comes back in seconds or not at all.
    case goingAway = 4
}

package struct Detach: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var reason: DetachReason

    package init(link: LinkNumber, member: MemberNumber, reason: DetachReason) {
        self.link = link
        self.member = member
        self.reason = reason
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        guard let reason = DetachReason(rawValue: try reader.u8()) else { throw .invalid("the reason of a detach") }
        self.reason = reason
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.u8(reason.rawValue)
    }
}

/// A member wants the write grant, or gives it back.
package struct Want: Equatable, Sendable {
    package var link: LinkNumber
    package var member: MemberNumber
    package var write: Bool
    /// What the client gave with its wish to write here, or elsewhere from now on.
    package var options: [UInt8]

    package init(link: LinkNumber, member: MemberNumber, write: Bool, options: [UInt8] = []) {
        self.link = link
        self.member = member
        self.write = write
        self.options = options
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        member = try reader.num()
        write = try reader.flag()
        options = try reader.optionsToTheEnd()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(member)
        writer.u8(write ? 1 : 0)
        writer.raw(options)
    }
}

/// This many more bytes of inputs may be sent on the link (front → back), or of state (back → front).
package struct Credit: Equatable, Sendable {
    package var link: LinkNumber
    package var byteCount: UInt64

    package init(link: LinkNumber, byteCount: UInt64) {
        self.link = link
        self.byteCount = byteCount
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        byteCount = try reader.num()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(byteCount)
    }
}

/// A message to a back's channel, from a member of the front's link to it or from the front itself.
///
/// A member, not a session: what came in over a session's earlier attach at the same front is nobody's any more.
package struct ToBack: Equatable, Sendable {
    package var channel: String
    /// `MemberNumber.front` for the front itself.
    package var member: MemberNumber
    package var data: [UInt8]

    package init(channel: String, member: MemberNumber, data: [UInt8]) {
        self.channel = channel
        self.member = member
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        member = try reader.num()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.num(member)
        writer.blob(data)
    }
}
