import State

/// A mirror and what a connection says to it: sections, marks, attach answers, lost connections.
///
/// `u8` what, then for a section `u8` audience · `num` base · `num` version · `bytes` patch (what 1: with the schema before
/// it, 2: with a hash); for a mark `num` base · `num` version; for an attach answer `u8` listed · `u8` kept, a bit an audience.
enum MirrorFuzz {
    /// Three tables with every kind of key, one of them with every type of field.
    static let schema = SchemaDescription(tables: [
        TableSchema(
            name: "all", keys: .integer,
            fields: types.enumerated().map { FieldDescription(name: "f\($0)", type: $1, isOptional: $0 % 2 == 1) }),
        TableSchema(
            name: "notes", keys: .text,
            fields: [
                FieldDescription(name: "text", type: .text, isOptional: false),
                FieldDescription(name: "votes", type: .int64, isOptional: false),
            ]),
        TableSchema(name: "seats", keys: .session, fields: []),
    ])

    private static let types: [FieldType] = [
        .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float, .double, .text, .bytes,
        .quantised(step: 0.01),
    ]

    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        var reader = ByteReader(bytes)
        var mirror = ChannelMirror()
        while !reader.isAtEnd {
            guard let isMark = try? step(&reader, &mirror) else { return }
            if isMark { try hold(mirror) }
        }
    }

    /// One thing that is said; true if it was a mark.
    private static func step(_ reader: inout ByteReader, _ mirror: inout ChannelMirror) throws -> Bool {
        let what = try reader.u8()
        switch what % 6 {
        case 0, 1, 2:
            let audience = UInt64(try reader.u8() % 4)
            let (base, version) = (try reader.num(), try reader.num())
            let hash = what % 6 == 2 ? try reader.u64() : nil
            let schema = what % 6 == 1 ? schema : nil
            let patch = Array(try reader.blob())
            try? mirror.receive(
                StateSection(
                    audience: audience, base: base, version: version, hash: hash, schema: schema, patch: patch))
        case 3:
            _ = try? mirror.commit(base: reader.num(), version: reader.num())
            return true
        case 4:
            let (listed, kept) = (try reader.u8(), try reader.u8())
            mirror.setAudiences(listed: numbers(listed | 1), kept: numbers(kept & (listed | 1)))
        default: mirror.discard()
        }
        return false
    }

    private static func numbers(_ bits: UInt8) -> [UInt64] { (0..<4).filter { bits >> UInt8($0) & 1 != 0 } }

    /// What is held is a state like any other: its own encoding is taken, is the same, and has the same hash.
    private static func hold(_ mirror: ChannelMirror) throws(Finding) {
        for audience in mirror.audiences {
            let state = mirror.encoded(audience: audience)
            guard let other = try? ChannelMirror(schema: mirror.schema.encoded, version: 1, state: state) else {
                throw Finding("what is held of audience \(audience) is not taken")
            }
            try Finding.unless(other.encoded() == state, "audience \(audience) encoded again")
            try Finding.unless(other.hash() == mirror.hash(audience: audience), "the hash of audience \(audience)")
        }
        let union = mirror.encodedUnion()
        try Finding.unless((try? Patch.jsonMembers(union, mirror.schema)) != nil, "the rows as text")
    }
}
