import State

/// What a client holds of a channel when it asks to read it.
package struct Held: Equatable, Sendable {
    package var lineage: Lineage
    package var version: Version
    /// The audiences it holds whole.
    package var audiences: [AudienceNumber]

    package init(lineage: Lineage, version: Version, audiences: [AudienceNumber]) {
        self.lineage = lineage
        self.version = version
        self.audiences = audiences
    }

    static func maybe(from reader: inout ByteReader) throws(WireError) -> Held? {
        switch try reader.u8() {
        case 0: return nil
        case 1:
            return Held(lineage: try reader.u64(), version: try reader.num(), audiences: try reader.nums())
        default: throw .invalid("a maybe")
        }
    }

    static func encode(_ held: Held?, into writer: inout ByteWriter) {
        guard let held else { return writer.u8(0) }
        writer.u8(1)
        writer.u64(held.lineage)
        writer.num(held.version)
        writer.nums(held.audiences)
    }
}

/// A wish to read one channel.
package struct Read: Equatable, Sendable {
    package var channel: String
    package var held: Held?
    package var options: [UInt8]

    package init(channel: String, held: Held? = nil, options: [UInt8] = []) {
        self.channel = channel
        self.held = held
        self.options = options
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        held = try Held.maybe(from: &reader)
        options = try reader.options()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        Held.encode(held, into: &writer)
        writer.blob(options)
    }
}

/// A client's first frame on every connection.
package struct Hello: Equatable, Sendable {
    package var attach: AttachNumber
    package var token: [UInt8]
    package var reads: [Read]
    /// The channel it wants to write to; empty for none.
    package var write: String
    /// What the rule of that channel is given with the grant, if it is a new one.
    package var writeOptions: [UInt8]

    package init(attach: AttachNumber, token: [UInt8], reads: [Read], write: String, writeOptions: [UInt8] = []) {
        self.attach = attach
        self.token = token
        self.reads = reads
        self.write = write
        self.writeOptions = writeOptions
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        attach = try reader.num()
        token = Array(try reader.blob())
        let count = try reader.count(limit: Limits.readsPerSession, of: "the reads")
        reads = []
        for _ in 0..<count { reads.append(try Read(from: &reader)) }
        write = try reader.text()
        writeOptions = try reader.optionsToTheEnd()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(attach)
        writer.blob(token)
        writer.num(reads.count)
        for read in reads { read.encode(into: &writer) }
        writer.text(write)
        writer.raw(writeOptions)
    }
}

/// A client's wish to write to another channel than before, or to none.
package struct ClientWish: Equatable, Sendable {
    /// Empty for none.
    package var channel: String
    /// What the rules of both channels are given: the one that is left and the one that is written to from now on.
    package var options: [UInt8]

    package init(channel: String, options: [UInt8] = []) {
        self.channel = channel
        self.options = options
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        options = try reader.optionsToTheEnd()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.raw(options)
    }
}

/// Who the client is from now on.
package struct Welcome: Equatable, Sendable {
    package var session: SessionID
    package var token: [UInt8]
    /// Whether the token it came with was accepted.
    package var isResumed: Bool

    package init(session: SessionID, token: [UInt8], isResumed: Bool) {
        self.session = session
        self.token = token
        self.isResumed = isResumed
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        session = try reader.session()
        token = Array(try reader.blob())
        isResumed = try reader.flag()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.session(session)
        writer.blob(token)
        writer.u8(isResumed ? 1 : 0)
    }
}

/// The answer to a read: from here on `link` stands for `channel`.
package struct ClientAttached: Equatable, Sendable {
    package var link: LinkNumber
    package var channel: String
    /// The session's number in this channel.
    package var me: SessionNumber
    package var lineage: Lineage
    package var version: Version
    package var audiences: [AudienceNumber]
    /// Those of the audiences that are caught up from what the client holds; the others come whole.
    package var kept: [AudienceNumber]
    package var data: [UInt8]

    package init(
        link: LinkNumber, channel: String, me: SessionNumber, lineage: Lineage, version: Version,
        audiences: [AudienceNumber], kept: [AudienceNumber], data: [UInt8]
    ) {
        self.link = link
        self.channel = channel
        self.me = me
        self.lineage = lineage
        self.version = version
        self.audiences = audiences
        self.kept = kept
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        channel = try reader.text()
        me = try reader.num()
        lineage = try reader.u64()
        version = try reader.num()
        audiences = try reader.nums()
        kept = try reader.nums()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.text(channel)
        writer.num(me)
        writer.u64(lineage)
        writer.num(version)
        writer.nums(audiences)
        writer.nums(kept)
        writer.blob(data)
    }
}

/// A channel that the session no longer reads, or never came to read.
package struct ClientUnlinked: Equatable, Sendable {
    package var channel: String
    package var farewell: Farewell

    package init(channel: String, farewell: Farewell) {
        self.channel = channel
        self.farewell = farewell
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        farewell = try reader.farewell()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.farewell(farewell)
    }
}

/// The session's right to write: known before, its numbers go on from `highest`; new, they begin at 1.
package struct ClientGranted: Equatable, Sendable {
    package var channel: String
    package var grant: GrantID
    package var highest: InputNumber
    package var refused: [InputNumber]

    package init(channel: String, grant: GrantID, highest: InputNumber, refused: [InputNumber]) {
        self.channel = channel
        self.grant = grant
        self.highest = highest
        self.refused = refused
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        grant = try reader.u64()
        highest = try reader.num()
        refused = try reader.nums()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.u64(grant)
        writer.num(highest)
        writer.nums(refused)
    }
}

/// All inputs of the grant up to `highest` are decided; the refused ones were named.
package struct ClientAcked: Equatable, Sendable {
    package var grant: GrantID
    package var highest: InputNumber
    package var tick: TickNumber

    package init(grant: GrantID, highest: InputNumber, tick: TickNumber) {
        self.grant = grant
        self.highest = highest
        self.tick = tick
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        grant = try reader.u64()
        highest = try reader.num()
        tick = try reader.num()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.u64(grant)
        writer.num(highest)
        writer.num(tick)
    }
}

/// One input that the application would not take.
package struct ClientRefused: Equatable, Sendable {
    package var grant: GrantID
    package var number: InputNumber
    package var reason: String

    package init(grant: GrantID, number: InputNumber, reason: String) {
        self.grant = grant
        self.number = number
        self.reason = reason
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        grant = try reader.u64()
        number = try reader.num()
        reason = try reader.text()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.u64(grant)
        writer.num(number)
        writer.text(reason)
    }
}

/// A direct message: at most once, bounded, and in order with the patches. `version` is the least that its reader must hold.
package struct ClientMessage: Equatable, Sendable {
    package var channel: String
    package var version: Version
    package var data: [UInt8]

    package init(channel: String, version: Version, data: [UInt8]) {
        self.channel = channel
        self.version = version
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        channel = try reader.text()
        version = try reader.num()
        data = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(channel)
        writer.num(version)
        writer.blob(data)
    }
}

extension ByteReader {
    package mutating func session() throws(WireError) -> SessionID {
        SessionID(high: try u64(), low: try u64())
    }
    /// What goes to the application unread, within its limit.
    mutating func options() throws(WireError) -> [UInt8] { try Self.bounded(try blob()) }

    /// The same, where nothing stands behind it.
    mutating func optionsToTheEnd() throws(WireError) -> [UInt8] { try Self.bounded(rest()) }

    private static func bounded(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> [UInt8] {
        guard bytes.count <= Limits.optionsBytes else {
            throw .overLimit(what: "options", value: UInt64(bytes.count), limit: UInt64(Limits.optionsBytes))
        }
        return Array(bytes)
    }
    package mutating func flag() throws(WireError) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        default: throw .invalid("a flag")
        }
    }
    package mutating func farewell() throws(WireError) -> Farewell {
        let code = try num()
        let reason = try text()
        guard let raw = UInt16(exactly: code) else { throw .invalid("a code") }
        return Farewell(CloseCode(rawValue: raw) ?? .failed, reason)
    }
}

extension ByteWriter {
    package mutating func session(_ id: SessionID) {
        u64(id.high)
        u64(id.low)
    }
    package mutating func farewell(_ farewell: Farewell) {
        num(UInt64(farewell.code.rawValue))
        text(farewell.reason)
    }
}
