import State

/// A section that leaves in pieces, each in one buffer for all its readers.
///
/// A piece is made when the first reader is sent it, and kept for those behind: so what is made in a turn is bounded by what is
/// sent in it, however large the section. Held by its entry and by the transfers under way, which go on with it when the entry is
/// gone.
final class SectionPieces {
    private let cut: SectionCut
    private var made: [SharedFrames?]
    /// What stands behind the last piece, for readers of everyone alone; nil in other audiences.
    let mark: SharedFrames?

    init(_ cut: SectionCut, mark: SharedFrames?) {
        self.cut = cut
        self.mark = mark
        made = Array(repeating: nil, count: cut.pieceCount)
    }

    var count: Int { made.count }

    func isMade(_ piece: Int) -> Bool { made[piece] != nil }

    /// How many bytes a piece's frame takes, also of one that is not made.
    func byteCount(of piece: Int) -> Int { cut.byteCount(of: piece) }

    /// A piece's frame, made now if it is not there.
    func frames(of piece: Int) -> SharedFrames {
        if let frames = made[piece] { return frames }
        let frames = SharedFrames(cut.parts(of: piece))
        made[piece] = frames
        return frames
    }
}
