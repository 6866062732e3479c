import State

/// The head of a section: the changes of one audience, `base → version`.
package struct SectionHead: Equatable, Sendable {
    package var link: LinkNumber
    package var audience: AudienceNumber
    /// The last version at which this audience changed; `.nothing` for a snapshot, which replaces the audience.
    package var base: Version
    package var version: Version
    package var hash: UInt64?
    package var hasSchema: Bool

    private enum Flag {
        static let hash: UInt8 = 1
        static let schema: UInt8 = 2
    }

    package init(
        link: LinkNumber, audience: AudienceNumber, base: Version, version: Version, hash: UInt64? = nil,
        hasSchema: Bool = false
    ) {
        self.link = link
        self.audience = audience
        self.base = base
        self.version = version
        self.hash = hash
        self.hasSchema = hasSchema
    }

    /// Reads the head; schema and patch are what the reader has left.
    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        audience = try reader.num()
        base = try reader.num()
        version = try reader.num()
        let flags = try reader.u8()
        guard flags & ~(Flag.hash | Flag.schema) == 0 else { throw .invalid("the flags of a section") }
        guard version > base else { throw .invalid("the version of a section") }
        hash = flags & Flag.hash == 0 ? nil : try reader.u64()
        hasSchema = flags & Flag.schema != 0
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(audience)
        writer.num(base)
        writer.num(version)
        writer.u8((hash == nil ? 0 : Flag.hash) | (hasSchema ? Flag.schema : 0))
        if let hash { writer.u64(hash) }
    }
}

/// The tick-end mark: commits what the sections before it changed.
package struct Mark: Equatable, Sendable {
    package var link: LinkNumber
    /// The last version committed to this receiver.
    package var base: Version
    package var version: Version
    package var tick: TickNumber

    package init(link: LinkNumber, base: Version, version: Version, tick: TickNumber) {
        self.link = link
        self.base = base
        self.version = version
        self.tick = tick
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        base = try reader.num()
        version = try reader.num()
        tick = try reader.num()
        guard version >= base else { throw .invalid("the version of a mark") }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(base)
        writer.num(version)
        writer.num(tick)
    }
}

/// A part of a section that is too large for one frame.
package struct PieceHead: Equatable, Sendable {
    package var link: LinkNumber
    package var audience: AudienceNumber
    package var offset: UInt64
    package var total: UInt64

    package init(link: LinkNumber, audience: AudienceNumber, offset: UInt64, total: UInt64) {
        self.link = link
        self.audience = audience
        self.offset = offset
        self.total = total
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        link = try reader.num()
        audience = try reader.num()
        offset = try reader.num()
        total = try reader.num()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(link)
        writer.num(audience)
        writer.num(offset)
        writer.num(total)
    }
}
