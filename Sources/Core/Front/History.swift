import State

/// What a front keeps of one audience of a channel: a keyframe and the patches since, so that it can bring anyone up to date without
/// asking the back.
///
/// Invariants: the entries follow one another, each one's base at most the version before; the keyframe's version is at least the
/// first entry's base, so keyframe + entries is always the state. `catchUp(from:)` is the only question. A squash of much is made in
/// slices: `catchUp` answers `later` until `step` has been called often enough. One is under way at a time.
package struct History {
    /// What leads from somewhere to the newest version.
    package enum CatchUp {
        case upToDate
        /// The entries from this place on.
        case entries(from: Int)
        /// One patch instead of many, and then the entries from this place on.
        case squash(Entry, thenFrom: Int)
        /// Everything: the keyframe, and then the entries from this place on.
        case snapshot(Entry, thenFrom: Int)
        /// A squash that is yet to be made: to be asked again once `step` has finished something.
        case later
    }

    package let link: LinkNumber
    package let audience: AudienceNumber
    package let lineage: Lineage
    package let schemaBytes: [UInt8]
    /// Decoded, for text clients.
    package let schema: SchemaDescription?
    package private(set) var keyframe: Entry
    package private(set) var entries: [Entry] = []
    private var entryBytes = 0
    /// The last squash that was made, which the next one to ask from the same version shares.
    private var squashed: Entry?
    private var work: HistoryWork?
    /// Whether nothing came since work was finished: then its result is good for whoever waited, however much came meanwhile.
    private var isFresh = false
    /// Whether patches came that do not join, which no back of ours sends. What is kept leads nowhere then: the link must begin
    /// anew.
    package private(set) var isDamaged = false

    /// Everyone's history, which has the schema. It begins with a snapshot.
    package init(
        link: LinkNumber, lineage: Lineage, schemaBytes: [UInt8], snapshot: [UInt8], version: Version, tick: TickNumber
    ) {
        self.link = link
        self.lineage = lineage
        self.schemaBytes = schemaBytes
        audience = .everyone
        schema = try? ByteReader.read(schemaBytes) { (reader) throws(WireError) in try SchemaDescription(&reader) }
        keyframe = Self.entry(snapshot, schemaBytes, .nothing, version, tick, link, .everyone)
    }

    /// Another audience's history. Its entries have no marks: whoever reads it reads others beside it.
    package init(
        link: LinkNumber, audience: AudienceNumber, lineage: Lineage, snapshot: [UInt8], version: Version,
        tick: TickNumber
    ) {
        self.link = link
        self.audience = audience
        self.lineage = lineage
        schemaBytes = []
        schema = nil
        keyframe = Self.entry(snapshot, nil, .nothing, version, tick, link, audience)
    }

    package var version: Version { entries.last?.version ?? keyframe.version }
    package var tick: TickNumber { entries.last?.tick ?? keyframe.tick }

    /// The newest state as one canonical patch from nothing; the keyframe's if the patches since do not join.
    package var wholePatch: [UInt8] { (try? whole()) ?? keyframe.patch }

    private func whole() throws(WireError) -> [UInt8] {
        try Patch.squash(
            [keyframe.patch] + entries[firstEntry(after: keyframe.version)...].map(\.patch), droppingRemovals: true)
    }

    /// Takes one tick's change, with its frames, whose last `markByteCount` bytes are its mark. False if it does not join on: a
    /// gap, after which the link must begin anew.
    package mutating func append(
        base: Version, version: Version, tick: TickNumber, patch: [UInt8], frames: [UInt8], markByteCount: Int = 0
    ) -> Bool {
        append(
            Entry(base: base, version: version, tick: tick, patch: patch, frames: frames, markByteCount: markByteCount))
    }

    /// As the other, of an entry.
    mutating func append(_ entry: Entry) -> Bool {
        guard entry.base <= version, entry.version > version else { return false }
        // One that took slices is worth keeping; the entries behind it go with it.
        if let squashed, squashed.patch.count <= Limits.squashSliceBytes { self.squashed = nil }
        isFresh = false
        entries.append(entry)
        entryBytes += entry.patch.count
        trim(entry.patch.count)
        return !isDamaged
    }

    /// Whether `step` has something to do.
    package var isSquashing: Bool { work != nil }

    /// Goes on with the squash under way for about `byteLimit` bytes. True once it is there, or given up: then whoever was told
    /// `later` asks again.
    package mutating func step(byteLimit: Int) -> Bool {
        guard let work else { return false }
        do {
            guard let patch = try work.squashing.step(byteLimit: byteLimit) else { return false }
            switch work.aim {
            case .keyframe:
                setKeyframe(patch, work.version, work.tick)
                cut()
            case .span(let base): squashed = Self.entry(patch, nil, base, work.version, work.tick, link, audience)
            }
            isFresh = true
        } catch {
            isDamaged = true
        }
        self.work = nil
        return true
    }

    /// As `catchUp`, for who cannot wait: all that is to be squashed is squashed now.
    package mutating func catchUpNow(from held: Version?) -> CatchUp {
        while true {
            let way = catchUp(from: held)
            guard case .later = way else { return way }
            _ = step(byteLimit: .max)
        }
    }

    /// How to get from `held` (nil: from nothing) to the newest version.
    package mutating func catchUp(from held: Version?) -> CatchUp {
        guard let held, held >= entries.first?.base ?? keyframe.version else { return snapshot() }
        if held >= version { return .upToDate }
        let first = firstEntry(after: held)
        if entries.count - first <= Self.entriesInARow { return .entries(from: first) }
        if let squashed, isGood(squashed, for: held, first) {
            return .squash(squashed, thenFrom: firstEntry(after: squashed.version))
        }
        // Nothing that is kept leads further; the link begins anew soon, and brings everything.
        guard !isDamaged else { return .upToDate }
        return squash(from: first)
    }

    /// Longer rows than this are squashed to one patch.
    private static let entriesInARow = 32

    /// The place of the first entry that changes what a client at `held` has.
    private func firstEntry(after held: Version) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].version > held { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether a squash that was made before is what a reader at `held`, whose next entry is `first`, is best sent.
    private func isGood(_ squashed: Entry, for held: Version, _ first: Int) -> Bool {
        // A large one is shared by all who are within it, so that many slow readers do not keep the front at it.
        let isWithin =
            squashed.patch.count > Limits.squashSliceBytes && squashed.base <= held && held < squashed.version
        guard isWithin || squashed.base == entries[first].base else { return false }
        return isFresh || entries.count - firstEntry(after: squashed.version) <= Self.entriesInARow
    }

    private mutating func squash(from first: Int) -> CatchUp {
        let (base, patches) = (entries[first].base, entries[first...].map(\.patch))
        guard patches.reduce(0, { $0 + $1.count }) <= Limits.squashSliceBytes else {
            if work == nil { work = HistoryWork(.span(from: base), to: version, tick, of: patches) }
            return .later
        }
        guard let patch = try? Patch.squash(patches) else {
            isDamaged = true
            return .upToDate
        }
        let entry = Self.entry(patch, nil, base, version, tick, link, audience)
        squashed = entry
        return .squash(entry, thenFrom: entries.count)
    }

    private mutating func snapshot() -> CatchUp {
        let first = firstEntry(after: keyframe.version)
        if entries.count - first > Self.entriesInARow, !isFresh, !isDamaged, !moveKeyframe() { return .later }
        return .snapshot(keyframe, thenFrom: firstEntry(after: keyframe.version))
    }

    /// Makes the newest version the keyframe, or begins to; whether it is done. Leaves it if the patches do not join.
    private mutating func moveKeyframe() -> Bool {
        let patches = [keyframe.patch] + entries[firstEntry(after: keyframe.version)...].map(\.patch)
        guard patches.reduce(0, { $0 + $1.count }) <= Limits.squashSliceBytes else {
            if work == nil { work = HistoryWork(.keyframe, to: version, tick, of: patches) }
            return false
        }
        guard let patch = try? Patch.squash(patches, droppingRemovals: true) else {
            isDamaged = true
            return true
        }
        setKeyframe(patch, version, tick)
        return true
    }

    private mutating func setKeyframe(_ patch: [UInt8], _ version: Version, _ tick: TickNumber) {
        keyframe = Self.entry(
            patch, audience == .everyone ? schemaBytes : nil, .nothing, version, tick, link, audience)
    }

    private var patchLimit: Int { audience == .everyone ? Limits.historyPatches : Limits.audiencePatches }
    private var byteLimit: Int { audience == .everyone ? Limits.historyBytes : Limits.audienceBytes }
    private var isOverLimit: Bool { entries.count > patchLimit || entryBytes > byteLimit }

    /// Keeps the past within its limits, where `addedByteCount` have just come.
    ///
    /// While the keyframe moves in slices the past is longer than that. By how much is bounded, also if nobody calls `step`:
    /// each byte that comes takes the work two bytes further.
    private mutating func trim(_ addedByteCount: Int) {
        guard isOverLimit, !isDamaged else { return }
        if work != nil {
            _ = step(byteLimit: max(addedByteCount * 2, Squashing.leastStep))
        } else if moveKeyframe() {
            cut()
        }
    }

    /// Lets go of what the keyframe has taken in, but for so much as helps readers who are behind.
    private mutating func cut() {
        guard isOverLimit, !isDamaged else { return }
        var start = firstEntry(after: keyframe.version)
        var bytes = entries[start...].reduce(0) { $0 + $1.patch.count }
        while start > 0, entries.count - start < patchLimit / 2, bytes + entries[start - 1].patch.count <= byteLimit / 2
        {
            start -= 1
            bytes += entries[start].patch.count
        }
        entries.removeFirst(start)
        entryBytes = bytes
    }

    private static func entry(
        _ patch: [UInt8], _ schema: [UInt8]?, _ base: Version, _ version: Version, _ tick: TickNumber,
        _ link: LinkNumber, _ audience: AudienceNumber
    ) -> Entry {
        let head = SectionHead(link: link, audience: audience, base: base, version: version, hasSchema: schema != nil)
        return Entry(head, schema: schema, patch: patch, version: version, tick: tick)
    }
}
