import Core
import FoundationEssentials
import State
import Testing

/// docs/WIRE.md, read by its own rules: tables of kinds and codes, blocks of examples.
private struct WireDocument {
    /// `name`, bytes and what stands behind `//`.
    struct Example {
        let name: String
        let bytes: [UInt8]
        let text: String
    }

    var names: [UInt8: String] = [:]
    var codes: [UInt16: String] = [:]
    var examples: [Example] = []
    var texts: [String] = []
    var problems: [String] = []

    init() throws {
        let page = try String(contentsOfFile: Self.path, encoding: .utf8)
        var block: Substring?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                block = block == nil ? line.dropFirst(3) : nil
            } else if block == "example" {
                read(example: line)
            } else if block == "json" {
                texts.append(String(line))
            } else if block == nil, line.hasPrefix("| ") {
                read(row: line)
            }
        }
    }

    private static var path: String {
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return here.joined(separator: "/") + "/docs/WIRE.md"
    }

    private mutating func read(row: Substring) {
        let cells = row.split(separator: "|").map { $0.trimming(" ") }
        guard cells.count >= 3 else { return }
        if cells[0].hasPrefix("`"), let kind = UInt8(cells[0].trimming("`"), radix: 16), cells[0].count == 4 {
            if names.updateValue(cells[1], forKey: kind) != nil { problems.append("\(kind) stands twice") }
        } else if let code = UInt16(cells[0]), code >= 1000 {
            if codes.updateValue(cells[1], forKey: code) != nil { problems.append("\(code) stands twice") }
        }
    }

    private mutating func read(example line: Substring) {
        guard let comment = line.firstRange(of: " // "), let space = line.firstIndex(of: " "),
            let bytes = Hex.bytes(line[space..<comment.lowerBound])
        else { return problems.append("not an example: \(line)") }
        examples.append(
            Example(name: String(line[..<space]), bytes: bytes, text: String(line[comment.upperBound...])))
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String { String(self).trimming(character) }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        var rest = Substring(self)
        while rest.first == character { rest.removeFirst() }
        while rest.last == character { rest.removeLast() }
        return String(rest)
    }
}

@Suite("docs/WIRE.md")
struct WireDocumentTests {
    @Test("Every kind of frame has its row and an example, every close code its row")
    func complete() throws {
        let page = try WireDocument()
        #expect(page.problems == [])
        #expect(Set(page.names.keys) == Set(FrameKind.allCases.map(\.rawValue)))
        for kind in FrameKind.allCases {
            let own = page.examples.filter { $0.name == page.names[kind.rawValue] }
            #expect(own.contains { $0.bytes.contains(kind.rawValue) }, "\(kind) has no example")
        }
        let codes = Dictionary(uniqueKeysWithValues: CloseCode.allCases.map { ($0.rawValue, $0.name) })
        #expect(page.codes == codes)
    }

    @Test("Every example says what stands behind it, and saying it again gives the same bytes")
    func examples() throws {
        let page = try WireDocument()
        var schema: SchemaDescription?
        var kinds: Set<FrameKind> = []
        for example in page.examples {
            try example.bytes.withUnsafeBytes { bytes in
                var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                let frame = try #require(try cursor.next(), "\(example.name) is not whole")
                #expect(cursor.consumed == bytes.count, "\(example.name) is more than a frame")
                #expect(page.names[frame.kind.rawValue] == example.name)
                let read = try WireExample(frame, schema: &schema)
                #expect(read.text == example.text)
                #expect(read.again.bytes == example.bytes, "\(example.name)")
                kinds.insert(frame.kind)
            }
        }
        #expect(kinds.count == FrameKind.allCases.count)
    }

    @Test("An example that is cut short, or goes on, is refused")
    func damaged() throws {
        for example in try WireDocument().examples {
            try example.bytes.withUnsafeBytes { bytes in
                var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                let frame = try #require(try cursor.next())
                // These go on to the end of the frame, so the next byte may well belong to them.
                let goesOn: Set<FrameKind> = [
                    .inputs, .inputsNow, .trunkInputs, .acked, .section, .piece, .hello, .write, .attach, .want,
                ]
                guard !goesOn.contains(frame.kind) else { return }
                for body in [Array(frame.body) + [0], Array(frame.body.dropLast())] {
                    var writer = ByteWriter()
                    writer.frame(frame.kind) { $0.raw(body) }
                    #expect(throws: WireError.self, "\(example.name)") {
                        try writer.bytes.withUnsafeBytes { bytes in
                            var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                            var schema: SchemaDescription?
                            if let frame = try cursor.next() { _ = try WireExample(frame, schema: &schema) }
                        }
                    }
                }
            }
        }
    }

    @Test("What clients of the text form say is understood as it is written")
    func clientTexts() throws {
        let texts = try WireDocument().texts.filter { $0.hasPrefix("client ") }.map { Array($0.utf8.dropFirst(7)) }
        let held = Held(
            lineage: Lineage(rawValue: 5_859_837_686_836_516_696), version: Version(rawValue: 57),
            audiences: [.everyone])
        let token: [UInt8] = Array("token".utf8)
        let expected: [TextMessage] = [
            .hello(
                Hello(attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "arena/1")], write: "arena/1")
            ),
            .hello(
                Hello(
                    attach: AttachNumber(rawValue: 2), token: token,
                    reads: [Read(channel: "arena/1", held: held), Read(channel: "arena/10")], write: "")),
            .input(
                grant: GrantID(rawValue: 7_017_280_452_245_743_464), number: InputNumber(rawValue: 1),
                data: Array("{\"move\": [1, 0]}".utf8)),
            .inputNow(
                grant: GrantID(rawValue: 7_017_280_452_245_743_464), number: InputNumber(rawValue: 2),
                data: Array("{\"jump\": true}".utf8)),
            .say(ClientSaid(data: Array("\"hello\"".utf8))),
            .say(ClientSaid(channels: ["arena/1"], data: Array("{\"wave\": 1}".utf8))),
            .read([Read(channel: "arena/2")]), .unread(["arena/10"]), .write("arena/2"), .write(""),
            .bye(Farewell(.done, "")), .bye(Farewell(.protocolError, "a patch does not fit")),
        ]
        let understood = try texts.map { try $0.withUnsafeBytes { try TextMessage($0) } }
        #expect(understood == expected)
    }

    @Test("What the front says in the text form is written as it is said")
    func serverTexts() throws {
        let texts = try WireDocument().texts.filter { $0.hasPrefix("server ") }.map { String($0.dropFirst(7)) }
        let said = try Self.said()
        #expect(texts == said)
    }

    private static func said() throws -> [String] {
        let grant = GrantID(rawValue: 7_017_280_452_245_743_464)
        let session = SessionID(high: 0x0001_0203_0405_060A, low: 0x0809_0A0B_0C0D_0E0F)
        var texts: [String] = []
        func add(_ say: (inout ByteWriter) throws -> Void) rethrows {
            var out = ByteWriter()
            try say(&out)
            texts.append(payload(out.bytes))
        }
        add {
            ClientVoice.welcome(
                Welcome(session: session, token: Array("token".utf8), isResumed: false), .text, to: &$0)
        }
        add {
            ClientVoice.granted(
                ClientGranted(
                    channel: "arena/1", grant: grant, highest: InputNumber(rawValue: 5),
                    refused: [InputNumber(rawValue: 3)]), .text, to: &$0)
        }
        texts += try patches(session)
        add {
            ClientVoice.acked(
                ClientAcked(grant: grant, highest: InputNumber(rawValue: 7), tick: TickNumber(rawValue: 1234)), .text,
                to: &$0)
        }
        add {
            ClientVoice.refused(
                ClientRefused(grant: grant, number: InputNumber(rawValue: 7), reason: "not a move"), .text, to: &$0)
        }
        for data in ["{\"won\": true}", "well done"] {
            add {
                ClientVoice.message(
                    ClientMessage(channel: "arena/1", version: Version(rawValue: 58), data: Array(data.utf8)), .text,
                    to: &$0)
            }
        }
        add {
            ClientVoice.attached(
                ClientAttached(
                    link: LinkNumber(rawValue: 7), channel: "arena/1", me: SessionNumber(rawValue: 3),
                    lineage: Lineage(rawValue: 1), version: Version(rawValue: 58), audiences: [.everyone], kept: [],
                    data: Array("{\"map\":2}".utf8)),
                .text, to: &$0)
        }
        add {
            ClientVoice.unlinked(
                ClientUnlinked(channel: "arena/10", farewell: Farewell(.refused, "the room is full")), .text, to: &$0)
        }
        add {
            ClientVoice.bye(
                Bye(Farewell(.superseded, "a newer attach lives elsewhere"), attach: AttachNumber(rawValue: 3)), .text,
                to: &$0)
        }
        return texts
    }

    /// The two sections of the page's examples, as texts.
    private static func patches(_ session: SessionID) throws -> [String] {
        var texts: [String] = []
        var history: History?
        var schemaBytes: [UInt8] = []
        for example in try WireDocument().examples where example.name == "section" {
            try example.bytes.withUnsafeBytes { bytes in
                var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                let frame = try #require(try cursor.next())
                var reader = ByteReader(frame.body)
                let head = try SectionHead(from: &reader)
                if head.hasSchema { schemaBytes = try SchemaDescription(&reader).encoded }
                let patch = Array(reader.rest())
                let tick = TickNumber(rawValue: 1176 + head.version.rawValue)
                if history == nil {
                    history = History(
                        link: head.link, lineage: Lineage(rawValue: 5_859_837_686_836_516_696),
                        schemaBytes: schemaBytes,
                        snapshot: patch, version: head.version, tick: tick)
                } else {
                    #expect(
                        history?.append(base: head.base, version: head.version, tick: tick, patch: patch, frames: [])
                            == true)
                }
            }
        }
        let held = try #require(history)
        let schema = try #require(held.schema)
        for (entry, base) in [(held.keyframe, nil), (try #require(held.entries.first), Version(rawValue: 57))] {
            texts.append(
                payload(
                    try ClientVoice.patch(
                        entry, base: base, channel: ChannelID("arena/1"), lineage: held.lineage, schema: schema)))
        }
        return texts
    }

    /// A short text message without its WebSocket header.
    private static func payload(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.dropFirst(bytes.count > 1 && bytes[1] >= 126 ? 4 : 2), as: UTF8.self)
    }
}
