import State

/// A section that is too large for one frame, cut: its head, schema and patch in a row, and `Limits.pieceBytes` of them to a piece.
///
/// Nothing is copied here: whoever wants a piece gets the parts that it is made of. How large it will be is known before.
package struct SectionCut: Sendable {
    private let link: LinkNumber
    private let audience: AudienceNumber
    /// The section's head, and the schema if it has one.
    private let front: [UInt8]
    private let patch: [UInt8]

    /// Whether a section of these is too large for one frame.
    package static func isNeeded(schema: [UInt8]?, patch: [UInt8]) -> Bool {
        patch.count + (schema?.count ?? 0) > Limits.sectionBytes
    }

    package init(_ head: SectionHead, schema: [UInt8]?, patch: [UInt8]) {
        link = head.link
        audience = head.audience
        var writer = ByteWriter([], capacity: 48 + (schema?.count ?? 0))
        head.encode(into: &writer)
        if let schema { writer.raw(schema) }
        front = writer.bytes
        self.patch = patch
    }

    package var pieceCount: Int { (totalByteCount + Limits.pieceBytes - 1) / Limits.pieceBytes }

    /// How many bytes a piece's frame takes.
    package func byteCount(of piece: Int) -> Int {
        let body = bodyByteCount(of: piece)
        return ByteWriter.numByteCount(UInt64(body + 1)) + 1 + body
    }

    /// A piece's frame: what stands before, and what there is in it of front and patch.
    package func parts(of piece: Int) -> [ArraySlice<UInt8>] {
        let range = range(of: piece)
        var writer = ByteWriter([], capacity: 48)
        writer.num(bodyByteCount(of: piece) + 1)
        writer.u8(FrameKind.piece.rawValue)
        head(of: piece).encode(into: &writer)
        var parts = [writer.bytes[...]]
        if range.lowerBound < front.count { parts.append(front[range.clamped(to: 0..<front.count)]) }
        if range.upperBound > front.count {
            parts.append(patch[max(range.lowerBound - front.count, 0)..<range.upperBound - front.count])
        }
        return parts
    }

    private var totalByteCount: Int { front.count + patch.count }

    private func range(of piece: Int) -> Range<Int> {
        let start = piece * Limits.pieceBytes
        return start..<min(start + Limits.pieceBytes, totalByteCount)
    }

    private func head(of piece: Int) -> PieceHead {
        PieceHead(
            link: link, audience: audience, offset: UInt64(piece * Limits.pieceBytes), total: UInt64(totalByteCount))
    }

    private func bodyByteCount(of piece: Int) -> Int {
        let head = head(of: piece)
        return range(of: piece).count
            + ByteWriter.numByteCount(head.link.rawValue) + ByteWriter.numByteCount(head.audience.rawValue)
            + ByteWriter.numByteCount(head.offset) + ByteWriter.numByteCount(head.total)
    }
}
