import State

/// A schema that is read is written as the bytes it was read from.
enum SchemaFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        var reader = ByteReader(bytes)
        guard let schema = try? SchemaDescription(&reader) else { return }
        try Finding.unless(schema.encoded.elementsEqual(bytes.prefix(reader.position)), "written again it differs")
        let patch = Array(reader.rest())
        _ = try? Patch.jsonMembers(patch, schema)
        _ = try? ChannelMirror(schema: schema.encoded, version: 1, state: patch)
    }
}
