import State

extension History {
    /// One tick's change, or what several come to: the patch, and what readers are sent of it.
    package final class Entry {
        enum Form {
            /// One buffer for every client: the section and, where clients of everyone alone are sent it as it is, its mark, which
            /// is so many bytes at the end.
            case whole(SharedFrames, markByteCount: Int)
            /// Too much for one write.
            case pieces(SectionPieces)
        }

        package let base: Version
        package let version: Version
        package let tick: TickNumber
        package let patch: [UInt8]
        let form: Form
        /// The same as JSON text, made when the first client wants it.
        package var text: SharedBytes?

        /// What the back sent in frames of at most a section's size; `markByteCount` bytes at their end are the mark.
        init(
            base: Version, version: Version, tick: TickNumber, patch: [UInt8], frames: [UInt8], markByteCount: Int
        ) {
            self.base = base
            self.version = version
            self.tick = tick
            self.patch = patch
            form = .whole(SharedFrames(frames: frames), markByteCount: markByteCount)
        }

        /// A section that is written here. Where clients of everyone alone are sent it as it is, its mark commits `version`.
        init(_ head: SectionHead, schema: [UInt8]?, patch: [UInt8], version: Version, tick: TickNumber) {
            base = head.base
            self.version = version
            self.tick = tick
            self.patch = patch
            var mark = ByteWriter()
            if head.audience == .everyone {
                mark.frame(.mark) {
                    Mark(link: head.link, base: head.base, version: version, tick: tick).encode(into: &$0)
                }
            }
            if SectionCut.isNeeded(schema: schema, patch: patch) {
                form = .pieces(
                    SectionPieces(
                        SectionCut(head, schema: schema, patch: patch),
                        mark: mark.count > 0 ? SharedFrames(frames: mark.bytes) : nil))
            } else {
                var writer = ByteWriter([], capacity: patch.count + (schema?.count ?? 0) + 64)
                writer.section(head, schema: schema, patch: patch)
                writer.raw(mark.bytes)
                form = .whole(SharedFrames(frames: writer.bytes), markByteCount: mark.count)
            }
        }

        /// The one buffer; nil if it leaves in pieces.
        var wholeFrames: SharedFrames? {
            if case .whole(let frames, _) = form { frames } else { nil }
        }

        var isInPieces: Bool { wholeFrames == nil }
    }
}
