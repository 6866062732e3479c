import State

/// State that is too large for one write, on its way to one reader piece by piece. Other channels' sections, and other readers, have
/// their turns between the pieces; this channel's later patches wait, and are squashed by then.
final class StateTransfer {
    enum Part {
        /// Frames of the reader's own.
        case own([UInt8])
        case frames(SharedFrames)
        /// The plain form, without so many of its last bytes.
        case section(SharedFrames, without: Int)
        /// One of a section's pieces, which is made when it is sent, if nobody was sent it before.
        case piece(SectionPieces, Int)

        var byteCount: Int {
            switch self {
            case .own(let bytes): bytes.count
            case .frames(let frames): frames.count
            case .section(let frames, let markByteCount): frames.plainByteCount - markByteCount
            case .piece(let pieces, let piece): pieces.byteCount(of: piece)
            }
        }
    }

    /// The version that the reader holds with the last part.
    let version: Version
    /// The audiences beside everyone that it holds then; nil for a reader of everyone alone.
    let audiences: [AudienceNumber]?
    private let parts: [Part]
    private var next = 0

    init(_ parts: [Part], to version: Version, _ audiences: [AudienceNumber]? = nil) {
        self.parts = parts
        self.version = version
        self.audiences = audiences
    }

    var isDone: Bool { next == parts.count }

    /// The next parts, about `byteLimit` bytes of them and at least one.
    func take(_ byteLimit: Int) -> ArraySlice<Part> {
        let first = next
        var byteCount = 0
        while next < parts.count, next == first || byteCount + parts[next].byteCount <= byteLimit {
            byteCount += parts[next].byteCount
            next += 1
        }
        return parts[first..<next]
    }
}
