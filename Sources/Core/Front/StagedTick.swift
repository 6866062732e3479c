import State

/// A tick on its way in: what came of it waits for its mark.
struct StagedTick {
    /// What changed for one audience.
    struct Section {
        fileprivate(set) var head: SectionHead
        fileprivate(set) var patch: [UInt8]
        /// As the back sent it, for readers who are sent the same; empty where it is written anew: of a snapshot, which becomes a
        /// keyframe, and of what leaves in pieces, whose bytes would be kept twice.
        fileprivate var frames: ByteWriter

        var audience: AudienceNumber { head.audience }
        var base: Version { head.base }

        /// As a history keeps it once `mark` has come; not of a snapshot.
        func entry(_ mark: Mark) -> History.Entry {
            guard frames.count > 0 else {
                return History.Entry(head, schema: nil, patch: patch, version: mark.version, tick: mark.tick)
            }
            var writer = frames
            if audience == .everyone {
                let ownMark = Mark(link: mark.link, base: base, version: mark.version, tick: mark.tick)
                writer.frame(.mark) { ownMark.encode(into: &$0) }
            }
            return History.Entry(
                base: base, version: mark.version, tick: mark.tick, patch: patch, frames: writer.bytes,
                markByteCount: writer.count - frames.count)
        }
    }

    /// At most one an audience.
    private(set) var sections: [Section] = []
    /// What stood before everyone's snapshot.
    var schema: [UInt8]?
    /// Members whose audiences are others from the mark on.
    var regrouped: [Regrouped] = []

    var hasSnapshot: Bool { sections.contains { $0.audience == .everyone && $0.base == .nothing } }

    /// Takes a section; `frames` is how it came, if that was in one frame. Two sections of an audience before one mark act as
    /// their squash; one from nothing replaces what came before it.
    mutating func add(_ head: SectionHead, patch: [UInt8], frames: UnsafeRawBufferPointer?) throws(WireError) {
        var section = Section(head: head, patch: patch, frames: ByteWriter())
        section.head.hasSchema = false
        if let frames, frames.count <= Limits.sectionBytes, head.base != .nothing {
            section.frames = ByteWriter([], capacity: frames.count + 16)
            section.frames.raw(frames)
        }
        // Sections come in ascending order, nearly always.
        let isNew = sections.last.map { $0.audience < head.audience } ?? true
        guard !isNew, let place = sections.firstIndex(where: { $0.audience == head.audience }) else {
            return sections.append(section)
        }
        if head.base != .nothing {
            section.head.base = sections[place].base
            section.patch = try Patch.squash(
                sections[place].patch, patch, droppingRemovals: sections[place].base == .nothing)
            section.frames = ByteWriter()
        }
        sections[place] = section
    }
}
