import State

extension ByteWriter {
    /// Appends a section, in pieces if it is too large for one frame.
    package mutating func section(_ head: SectionHead, schema: [UInt8]?, patch: [UInt8]) {
        guard SectionCut.isNeeded(schema: schema, patch: patch) else {
            frame(.section) {
                head.encode(into: &$0)
                if let schema { $0.raw(schema) }
                $0.raw(patch)
            }
            return
        }
        let cut = SectionCut(head, schema: schema, patch: patch)
        for piece in 0..<cut.pieceCount { for part in cut.parts(of: piece) { raw(part) } }
    }
}

/// Joins the pieces of one section. Bytes are kept as they arrive, never more than were announced.
package struct SectionAssembly: Sendable {
    private var head: PieceHead?
    private var bytes: [UInt8] = []
    private let limit: Int

    package init(limit: Int = 64 << 20) { self.limit = limit }

    /// Takes a piece; answers the section's whole body with its last one.
    package mutating func receive(_ body: UnsafeRawBufferPointer) throws(WireError) -> [UInt8]? {
        var reader = ByteReader(body)
        let piece = try PieceHead(from: &reader)
        guard piece.total <= UInt64(limit) else {
            throw .overLimit(what: "a section", value: piece.total, limit: UInt64(limit))
        }
        let part = reader.rest()
        guard !part.isEmpty else { throw .invalid("an empty piece") }
        if piece.offset == 0 {
            bytes = []
            bytes.reserveCapacity(Int(piece.total))
        } else if piece.total != head?.total {
            throw .invalid("the total of a piece")
        }
        guard piece.offset == UInt64(bytes.count) else { throw .invalid("the offset of a piece") }
        guard UInt64(bytes.count + part.count) <= piece.total else { throw .invalid("the size of a piece") }
        head = piece
        bytes.append(contentsOf: part)
        guard UInt64(bytes.count) == piece.total else { return nil }
        defer {
            bytes = []
            head = nil
        }
        return bytes
    }
}

/// Joining patches that this process closed itself.
package enum SquashedPatch {
    /// `older` and then `newer` as one patch. They are changes of one state, one after the other, so they join.
    package static func join(_ older: [UInt8], _ newer: [UInt8]) -> [UInt8] {
        do {
            return try Patch.squash(older, newer)
        } catch {
            preconditionFailure("patches of one state do not join: \(error)")
        }
    }
}
