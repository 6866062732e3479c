import State

/// What a front keeps of one audience of a channel: a keyframe and the patches since, so that it can bring anyone up to date without
/// asking the back.
///
/// Invariants: the entries follow one another, each one's base at most the version before; the keyframe's version is at least the
/// first entry's base, so keyframe + entries is always the state. `catchUp(from:)` is the only question.
package struct History {
    /// One tick's change.
    package final class Entry {
        package let base: Version
        package let version: Version
        package let tick: TickNumber
        package let patch: [UInt8]
        /// One buffer for every client: the section and, where clients of everyone alone are sent it as it is, its mark.
        package let frames: SharedFrames
        /// How many bytes at the end of `frames` are the mark.
        let markByteCount: Int
        /// The same as JSON text, made when the first client wants it.
        package var text: SharedBytes?

        init(
            base: Version, version: Version, tick: TickNumber, patch: [UInt8], frames: SharedFrames, markByteCount: Int
        ) {
            self.base = base
            self.version = version
            self.tick = tick
            self.patch = patch
            self.frames = frames
            self.markByteCount = markByteCount
        }
    }

    /// What leads from somewhere to the newest version.
    package enum CatchUp {
        case upToDate
        /// The entries from this place on.
        case entries(from: Int)
        /// One patch instead of many.
        case squash(Entry)
        /// Everything: the keyframe, and then the entries from this place on.
        case snapshot(Entry, thenFrom: Int)
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
        guard base <= self.version, version > self.version else { return false }
        squashed = nil
        let entry = Entry(
            base: base, version: version, tick: tick, patch: patch, frames: SharedFrames(frames: frames),
            markByteCount: markByteCount)
        entries.append(entry)
        entryBytes += patch.count
        trim()
        return !isDamaged
    }

    /// How to get from `held` (nil: from nothing) to the newest version.
    package mutating func catchUp(from held: Version?) -> CatchUp {
        guard let held, held >= entries.first?.base ?? keyframe.version else { return snapshot() }
        if held >= version { return .upToDate }
        let first = firstEntry(after: held)
        if entries.count - first <= Self.entriesInARow { return .entries(from: first) }
        if let squash = squash(from: held, first) { return .squash(squash) }
        // Nothing that is kept leads further; the link begins anew soon, and brings everything.
        isDamaged = true
        return .upToDate
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

    private mutating func squash(from held: Version, _ first: Int) -> Entry? {
        let base = entries[first].base
        if let squashed, squashed.base == base { return squashed }
        guard let patch = try? Patch.squash(entries[first...].map(\.patch)) else { return nil }
        let entry = Self.entry(patch, nil, base, version, tick, link, audience)
        squashed = entry
        return entry
    }

    private mutating func snapshot() -> CatchUp {
        let first = firstEntry(after: keyframe.version)
        if entries.count - first > Self.entriesInARow { moveKeyframe() }
        return .snapshot(keyframe, thenFrom: firstEntry(after: keyframe.version))
    }

    /// Makes the newest version the keyframe; leaves it if the patches do not join.
    private mutating func moveKeyframe() {
        guard let patch = try? whole() else {
            isDamaged = true
            return
        }
        keyframe = Self.entry(
            patch, audience == .everyone ? schemaBytes : nil, .nothing, version, tick, link, audience)
    }

    /// Keeps the past within its limits; what goes has been taken into the keyframe before.
    private mutating func trim() {
        let isEveryone = audience == .everyone
        let patchLimit = isEveryone ? Limits.historyPatches : Limits.audiencePatches
        let byteLimit = isEveryone ? Limits.historyBytes : Limits.audienceBytes
        guard entries.count > patchLimit || entryBytes > byteLimit else { return }
        moveKeyframe()
        guard !isDamaged else { return }
        let kept = entries.suffix(patchLimit / 2)
        let bytes = kept.reduce(0) { $0 + $1.patch.count }
        entries = bytes > byteLimit / 2 ? [] : Array(kept)
        entryBytes = entries.isEmpty ? 0 : bytes
    }

    private static func entry(
        _ patch: [UInt8], _ schema: [UInt8]?, _ base: Version, _ version: Version, _ tick: TickNumber,
        _ link: LinkNumber, _ audience: AudienceNumber
    ) -> Entry {
        var writer = ByteWriter([], capacity: patch.count + 64)
        let head = SectionHead(link: link, audience: audience, base: base, version: version, hasSchema: schema != nil)
        writer.section(head, schema: schema, patch: patch)
        let sectionByteCount = writer.count
        if audience == .everyone {
            writer.frame(.mark) { Mark(link: link, base: base, version: version, tick: tick).encode(into: &$0) }
        }
        return Entry(
            base: base, version: version, tick: tick, patch: patch, frames: SharedFrames(frames: writer.bytes),
            markByteCount: writer.count - sectionByteCount)
    }
}
