extension ChannelMirror {
    /// A mirror of a whole state, from its schema and its canonical patch from nothing.
    public init(schema: [UInt8], version: UInt64, state: [UInt8]) throws(MirrorError) {
        self.init()
        let description: SchemaDescription
        do {
            description = try ByteReader.read(schema) { (reader) throws(WireError) in
                let description = try SchemaDescription(&reader)
                try reader.end()
                return description
            }
        } catch {
            throw .malformed(error)
        }
        try receive(StateSection(base: 0, version: version, schema: description, patch: state))
        _ = try commit(base: 0, version: version)
    }
}
