/// A channel's state at a reader, kept in step by sections and marks. Needs no types: the schema comes with the state.
///
/// It keeps each audience's rows apart, for a section touches only its own; what the application sees is all of them
/// together. Whoever reads the connection hands over every section (`receive`), mark (`commit`) and attach answer
/// (`setAudiences`). What the application sees changes at the mark only. Bad bytes throw and change nothing.
public struct ChannelMirror: Sendable {
    /// What the sender's tables are; empty before the first commit.
    public private(set) var schema = SchemaDescription(tables: [])
    /// The version that is held; 0 before the first commit.
    public private(set) var version: UInt64 = 0
    /// What was wrong with the last commit; nil if nothing was.
    public private(set) var disagreement: MirrorDisagreement?

    private var rules = MirrorRules(SchemaDescription(tables: []))
    private(set) var store = MirrorStore()
    /// Audiences that are held whole, ascending.
    private var partitions: [MirrorPartition] = []
    /// At most one section an audience, ascending.
    private var staged: [StagedSection] = []
    /// The schema that came with a staged section, where it is another.
    private var stagedSchema: (description: SchemaDescription, rules: MirrorRules)?
    /// What an attach answer said, until the next mark.
    private var membership: Membership?

    private struct Membership: Sendable {
        let listed: [UInt64]
        let kept: [UInt64]
    }

    public init() {}

    /// The numbers of the audiences that are held whole, ascending: what a resume lists.
    public var audiences: [UInt64] { partitions.map { UInt64($0.audience) } }

    /// Takes a section for the next commit. A second one of an audience before the mark is laid over the first.
    ///
    /// A section from nothing replaces its audience; any other applies to what is held from its base up to its own
    /// version. One with another schema than before replaces everything.
    package mutating func receive(_ section: StateSection) throws(MirrorError) {
        guard let audience = Audience(wireNumber: section.audience) else { throw .unknownAudience(section.audience) }
        guard section.version >= max(section.base, 1) else {
            throw .malformed(.invalid("a section's version below its base"))
        }
        let place = staged.firstIndex { $0.audience >= audience.number } ?? staged.count
        let before = place < staged.count && staged[place].audience == audience.number ? staged[place] : nil
        let next =
            section.base == 0
            ? try fromNothing(section, audience.number, before) : try following(section, audience.number, before)
        staged.replaceSubrange(place..<place + (before == nil ? 0 : 1), with: [next])
    }

    /// Takes an attach answer: from the next mark on the session is in the audiences `listed`. Of those it goes on from
    /// what it holds where they are also in `kept`; the others come whole. The rows of all others are dropped at that mark.
    package mutating func setAudiences(listed: [UInt64], kept: [UInt64]) {
        membership = Membership(listed: listed, kept: kept)
        staged.removeAll()
        stagedSchema = nil
    }

    /// Commits what was received, at a mark, and answers the rows that changed, in order of table and key. See also
    /// `disagreement`.
    package mutating func commit(base: UInt64, version: UInt64) throws(MirrorError) -> [MirrorChange] {
        defer { discard() }
        let reached = staged.reduce(self.version) { $1.base == 0 ? max($0, $1.version) : $0 }
        guard base <= reached else { throw .gap(held: reached, base: base) }
        let floor = staged.reduce(self.version) { max($0, $1.version) }
        guard version >= floor else { throw .behind(held: floor, version: version) }
        let changes = apply()
        self.version = version
        membership = nil
        return changes
    }

    /// Forgets what was received since the last mark: the connection was lost.
    package mutating func discard() {
        staged.removeAll()
        stagedSchema = nil
    }

    /// Forgets everything: the channel has another lineage now.
    package mutating func reset() { self = ChannelMirror() }

    /// The table called `name`; nil if the sender has none.
    public func table(_ name: String) -> MirrorTable? {
        schema.tableIndex(name).map { MirrorTable(schema: schema.tables[$0], number: $0, store: store) }
    }

    /// The hash of what is held of an audience, kept from commit to commit.
    package func hash(audience: UInt64 = 0) -> StateHash {
        partitions.first { UInt64($0.audience) == audience }?.hash ?? .empty
    }

    /// Whether sections of an audience may go on from what is held.
    private func isHeld(_ audience: UInt32) -> Bool {
        guard partitions.contains(where: { $0.audience == audience }) else { return false }
        return membership?.kept.contains(UInt64(audience)) ?? true
    }

    private mutating func fromNothing(
        _ section: StateSection, _ audience: UInt32, _ before: StagedSection?
    ) throws(MirrorError) -> StagedSection {
        if isHeld(audience), section.version < version { throw .behind(held: version, version: section.version) }
        let current = stagedSchema?.description ?? (version > 0 ? schema : nil)
        guard let description = section.schema ?? current else { throw .noSchema }
        let isNew = description != current
        guard !isNew || staged.isEmpty || (staged.count == 1 && before != nil) else {
            throw .malformed(.invalid("a schema after sections of another"))
        }
        let rules = isNew ? MirrorRules(description) : stagedSchema?.rules ?? rules
        let isOther = description != schema
        let next = try Self.malformed { () throws(WireError) in
            try StagedSection(section, audience: audience, base: 0, rules: rules, store: isOther ? nil : store)
        }
        if isNew { stagedSchema = isOther ? (description, rules) : nil }
        return next
    }

    private func following(
        _ section: StateSection, _ audience: UInt32, _ before: StagedSection?
    ) throws(MirrorError) -> StagedSection {
        guard section.schema == nil else {
            throw .malformed(.invalid("a schema before a patch that is not from nothing"))
        }
        guard before != nil || isHeld(audience) else {
            let isListed = audience == 0 || membership?.listed.contains(UInt64(audience)) ?? false
            throw isListed ? .gap(held: 0, base: section.base) : .unknownAudience(UInt64(audience))
        }
        guard before != nil || stagedSchema == nil else {
            throw .malformed(.invalid("a section that goes on from another schema's rows"))
        }
        let held = before?.version ?? version
        guard section.base <= held else { throw .gap(held: held, base: section.base) }
        guard section.version >= held else { throw .behind(held: held, version: section.version) }
        let (rules, store) = (stagedSchema?.rules ?? rules, stagedSchema == nil ? store : nil)
        return try Self.malformed { () throws(WireError) in
            guard let before else {
                return try StagedSection(section, audience: audience, base: section.base, rules: rules, store: store)
            }
            var both = section
            both.patch = try Patch.squash([before.patch, section.patch], droppingRemovals: before.base == 0)
            return try StagedSection(both, audience: audience, base: before.base, rules: rules, store: store)
        }
    }

    private static func malformed<T>(_ body: () throws(WireError) -> T) throws(MirrorError) -> T {
        do { return try body() } catch { throw .malformed(error) }
    }

    private mutating func apply() -> [MirrorChange] {
        disagreement = nil
        if let stagedSchema {
            (schema, rules) = stagedSchema
            store.removeAll()
            partitions = []
        }
        let replaced = staged.filter { $0.base == 0 }.map(\.audience)
        let dropped = partitions.map(\.audience).filter { audience in
            guard let membership, !replaced.contains(audience) else { return false }
            return !membership.kept.contains(UInt64(audience)) || !membership.listed.contains(UInt64(audience))
        }
        for audience in replaced where !partitions.contains(where: { $0.audience == audience }) {
            let place = partitions.firstIndex { $0.audience > audience } ?? partitions.count
            partitions.insert(MirrorPartition(audience: audience), at: place)
        }
        let isPlain =
            staged.count <= 1 && dropped.isEmpty && partitions.count <= 1 && (replaced.isEmpty || store.count == 0)
        var commit = MirrorCommit(partitions: partitions, schema: schema, isPlain: isPlain)
        store.reserve(
            rowCount: staged.reduce(0) { $0 + $1.newRowCount }, byteCount: staged.reduce(0) { $0 + $1.newByteCount })
        let sections = staged
        store.edit { edit in
            if !isPlain { commit.drop(replaced + dropped, &edit) }
            for section in sections {
                let place = commit.partitions.firstIndex { $0.audience == section.audience }
                if let place { commit.apply(section, place, &edit) }
            }
            commit.finish(&edit)
        }
        store.tidy()
        partitions = commit.partitions.filter { !dropped.contains($0.audience) }
        disagreement = commit.disagreement ?? sections.compactMap(hashDisagreement).first
        return commit.changes
    }

    private func hashDisagreement(_ section: StagedSection) -> MirrorDisagreement? {
        let held = hash(audience: UInt64(section.audience)).rawValue
        guard let told = section.hash, told != held else { return nil }
        return .hash(audience: UInt64(section.audience), version: section.version, told: told, held: held)
    }
}
