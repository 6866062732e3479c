import Core
import State
import Testing

@Suite("Sections that are too large for one frame")
struct SectionCutTests {
    private static func head(_ hash: UInt64?, _ hasSchema: Bool) -> SectionHead {
        SectionHead(
            link: LinkNumber(rawValue: 300), audience: AudienceNumber(rawValue: 7), base: .nothing,
            version: Version(rawValue: 70_000), hash: hash, hasSchema: hasSchema)
    }

    @Test(
        "The pieces' frames are as long as was said, follow one another as a section writes them, and join to the section",
        arguments: [0, 100, Limits.pieceBytes - 9, 3 * Limits.pieceBytes + 5])
    func pieces(schemaByteCount: Int) throws {
        let schema = schemaByteCount == 0 ? nil : [UInt8](repeating: 1, count: schemaByteCount)
        for patchByteCount in [Limits.sectionBytes + 1, 9 * Limits.pieceBytes] {
            let patch = [UInt8]((0..<251).map { $0 } + [UInt8](repeating: 9, count: patchByteCount - 251))
            let head = Self.head(schema == nil ? 5 : nil, schema != nil)
            #expect(SectionCut.isNeeded(schema: schema, patch: patch))
            let cut = SectionCut(head, schema: schema, patch: patch)
            var (joined, assembly, section) = (ByteWriter(), SectionAssembly(), [UInt8]?.none)
            for piece in 0..<cut.pieceCount {
                let frame = cut.parts(of: piece).reduce(into: []) { $0 += $1 }
                #expect(frame.count == cut.byteCount(of: piece))
                joined.raw(frame)
                try frame.withUnsafeBytes { bytes in
                    var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                    let one = try #require(try cursor.next())
                    #expect(one.kind == .piece && one.whole.count == frame.count && section == nil)
                    section = try assembly.receive(one.body)
                }
            }
            var written = ByteWriter()
            written.section(head, schema: schema, patch: patch)
            #expect(written.bytes == joined.bytes)
            var whole = ByteWriter()
            head.encode(into: &whole)
            #expect(section == whole.bytes + (schema ?? []) + patch)
        }
    }
}
