/// A channel's state at a reader, kept in step by sections and marks. Needs no types: the schema comes with the state.
///
/// Whoever reads the connection hands over every section (`receive`) and mark (`commit`). What the application sees
/// changes at the mark only. Bad bytes throw and change nothing.
public struct ChannelMirror: Sendable {
    /// What a section brought that no mark has committed yet.
    private struct Staged: Sendable {
        var schema: SchemaDescription
        var base: UInt64
        var version: UInt64
        var patch: [UInt8]
    }

    /// What the sender's tables are; empty before the first commit.
    public private(set) var schema = SchemaDescription(tables: [])
    /// The version that is held; 0 before the first commit.
    public private(set) var version: UInt64 = 0

    private var tables: [MirrorRows] = []
    private var staged: Staged?

    public init() {}

    /// Takes a section for the next commit. A second one before the mark is laid over the first.
    ///
    /// A section from nothing replaces everything; any other applies to what is held from its base up to its own version.
    package mutating func receive(_ section: StateSection) throws(MirrorError) {
        guard section.audience == 0 else { throw .unknownAudience(section.audience) }
        guard section.version >= max(section.base, 1) else {
            throw .malformed(.invalid("a section's version below its base"))
        }
        let next = section.base == 0 ? try fromNothing(section) : try following(section)
        staged = next
    }

    /// Commits what was received, at a mark, and answers the rows that changed, in order of table and key.
    package mutating func commit(base: UInt64, version: UInt64) throws(MirrorError) -> [MirrorChange] {
        defer { staged = nil }
        let reached = staged.map { $0.base == 0 ? $0.version : self.version } ?? self.version
        guard base <= reached else { throw .gap(held: reached, base: base) }
        let floor = max(self.version, staged?.version ?? 0)
        guard version >= floor else { throw .behind(held: floor, version: version) }
        let changes = try staged.map { (staged) throws(MirrorError) in try apply(staged) } ?? []
        self.version = version
        return changes
    }

    /// Forgets what was received since the last mark: the connection was lost.
    package mutating func discard() { staged = nil }

    /// Forgets everything: the channel has another lineage now.
    package mutating func reset() { self = ChannelMirror() }

    /// Everything held as the canonical patch from nothing: the same bytes as `State.snapshot()` of an equal state.
    package func encoded() -> [UInt8] {
        var writer = PatchWriter()
        for (number, table) in schema.tables.enumerated() {
            writer.table(number, keysAreBytes: table.keys != .integer)
            for (key, values) in tables[number].rows.sorted(by: { $0.key < $1.key }) {
                writer.begin(.insert, mask: table.fullMask, key: key)
                writer.values.raw(values)
            }
        }
        return writer.finish()
    }

    /// The table called `name`; nil if the sender has none.
    public func table(_ name: String) -> MirrorTable? {
        schema.tableIndex(name).map { MirrorTable(schema: schema.tables[$0], rows: tables[$0]) }
    }

    private func fromNothing(_ section: StateSection) throws(MirrorError) -> Staged {
        guard section.version >= version else { throw .behind(held: version, version: section.version) }
        guard let schema = section.schema ?? staged?.schema ?? (version > 0 ? schema : nil) else { throw .noSchema }
        try Self.malformed { () throws(WireError) in try PatchCheck.check(section.patch, schema, on: .nothing) }
        return Staged(schema: schema, base: 0, version: section.version, patch: section.patch)
    }

    private func following(_ section: StateSection) throws(MirrorError) -> Staged {
        let held = staged?.version ?? version
        guard section.base <= held else { throw .gap(held: held, base: section.base) }
        guard section.version >= held else { throw .behind(held: held, version: section.version) }
        guard section.schema == nil else {
            throw .malformed(.invalid("a schema before a patch that is not from nothing"))
        }
        var next = staged ?? Staged(schema: schema, base: section.base, version: held, patch: [])
        next.version = section.version
        let older = next.patch
        next.patch = try Self.malformed { () throws(WireError) in
            guard staged != nil else { return section.patch }
            return try Patch.squash(older, section.patch, droppingRemovals: next.base == 0)
        }
        let ground: PatchCheck.Ground = next.base == 0 ? .nothing : .rows(tables)
        let (patch, schema) = (next.patch, next.schema)
        try Self.malformed { () throws(WireError) in try PatchCheck.check(patch, schema, on: ground) }
        return next
    }

    private static func malformed<T>(_ body: () throws(WireError) -> T) throws(MirrorError) -> T {
        do { return try body() } catch { throw .malformed(error) }
    }

    private mutating func apply(_ staged: Staged) throws(MirrorError) -> [MirrorChange] {
        guard staged.base == 0 else {
            return try Self.malformed { () throws(WireError) in try Self.apply(staged.patch, schema, &tables) }
        }
        var fresh = Array(repeating: MirrorRows(), count: staged.schema.tables.count)
        _ = try Self.malformed { () throws(WireError) in try Self.apply(staged.patch, staged.schema, &fresh) }
        let changes = MirrorReplacement(old: tables, oldSchema: schema, new: fresh, newSchema: staged.schema).changes
        (schema, tables) = (staged.schema, fresh)
        return changes
    }

    private static func apply(
        _ patch: [UInt8], _ schema: SchemaDescription, _ tables: inout [MirrorRows]
    ) throws(WireError) -> [MirrorChange] {
        try patch.withBytes { (bytes) throws(WireError) -> [MirrorChange] in
            var reader = PatchReader(bytes)
            var changes: [MirrorChange] = []
            while let row = try reader.next() {
                let table = schema.tables[row.table]
                guard let kind = try tables[row.table].apply(row, table) else { continue }
                changes.append(
                    MirrorChange(table: row.table, key: try RowKey(row.key, kind: table.keys), kind: kind))
            }
            return changes
        }
    }
}
