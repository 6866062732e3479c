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

    /// What is held of an audience as the canonical patch from nothing: the same bytes as `State.snapshot(of:)` of an
    /// equal state.
    package func encoded(audience: UInt64 = 0) -> [UInt8] { encoded { UInt64($0.audience) == audience } }

    /// All rows that the application sees, as one patch from nothing.
    package func encodedUnion() -> [UInt8] { encoded { _ in true } }

    private func encoded(_ isWanted: (MirrorSlot) -> Bool) -> [UInt8] {
        var entries = RawList<PatchEntry>()
        for number in schema.tables.indices {
            for place in store.ordered(number) where isWanted(store.slots[place]) {
                let slot = store.slots[place]
                var entry = PatchEntry()
                (entry.key, entry.keyByteCount, entry.table) = (slot.key, slot.keyByteCount, slot.table)
                (entry.operation, entry.mask) = (.insert, schema.tables[number].fullMask)
                (entry.values, entry.valuesByteCount) = (slot.values, slot.valuesByteCount)
                entries.append(entry)
            }
        }
        var output = WireMemory(capacity: store.arenaEnd)
        store.arena.withUnsafeBufferPointer { arena in
            guard let arena = arena.baseAddress else { return }
            var form = PatchForm()
            form.write(UnsafeBufferPointer(entries.elements), from: arena, into: &output)
        }
        return output.array()
    }
}
