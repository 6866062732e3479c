import Foundation
import State
import Testing

/// Recorded streams for clients in other languages: Tests/Vectors/state, described by the README there.
@Suite("Recorded vectors")
struct VectorTests {
    @Test(
        "The recorded streams are what this code makes", arguments: ["types", "keys", "random", "audiences", "refused"])
    func recorded(name: String) throws {
        let made = try Self.make(name)
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/state/\(name).json")
        if ProcessInfo.processInfo.environment["SWITCHBACK_WRITE_VECTORS"] == "1" {
            try made.write(to: file, atomically: true, encoding: .utf8)
        }
        let recorded = try String(contentsOf: file, encoding: .utf8)
        #expect(recorded == made, "to record anew: SWITCHBACK_WRITE_VECTORS=1")
        #expect((try? JSONSerialization.jsonObject(with: Data(recorded.utf8))) != nil)
    }

    private static func make(_ name: String) throws -> String {
        switch name {
        case "types": try stream(ofTypes: 16)
        case "keys": try streamOfKeys()
        case "random": try streamOfHistory(seed: 2_026)
        case "audiences": try streamOfAudiences(seed: 3)
        default: refused()
        }
    }

    /// Rows with every type, changed a little again and again.
    private static func stream(ofTypes tickCount: Int) throws -> String {
        var dice = Dice(seed: 17)
        var state = State()
        let rows: Table<Int32, Everything> = state.table("rows")
        var stream = RecordedStream(schema: state.schema)
        rows[0] = Everything()
        for version in 1...UInt64(tickCount) {
            rows[Int32(dice.below(4))] = .random(&dice)
            rows[0]?.vary(&dice)
            guard let patch = state.close() else { continue }
            try stream.add(StateSection(base: stream.version, version: version, patch: patch))
        }
        return stream.text
    }

    /// Runs and gaps of integer keys, texts that sort by their bytes, sessions' numbers.
    private static func streamOfKeys() throws -> String {
        var world = World()
        var stream = RecordedStream(schema: world.state.schema)
        func tick(_ body: (World) -> Void) throws {
            body(world)
            try stream.add(
                StateSection(base: stream.version, version: stream.version + 1, patch: try world.state.closed()))
        }
        try tick { world in
            for key in [.min, -2, -1, 0, 1, 2, 7, 9, 10, 11, 12, 13, 5_000_000_000, .max] {
                world.units[key] = Everything()
            }
            for text in Everything.texts { world.notes[text] = World.Note(text: text, votes: 1) }
            for low in 0..<3 as Range<UInt64> { world.seats[SessionID(high: low % 2, low: low << 40)] = World.Seat() }
            for low in 4..<20_000 as Range<UInt64> { world.state.hold(SessionID(high: 7, low: low)) }
            for low in [8, 19_999] as [UInt64] { world.seats[SessionID(high: 7, low: low)] = World.Seat() }
        }
        try tick { world in
            for key in -2...12 { world.units[key]?.int16 = 300 }
            world.notes["a"] = nil
            world.seats.removeAll()
        }
        try tick { world in
            world.units.removeAll()
            world.units[3] = Everything(text: "three")
            world.notes["hello"]?.votes = -1
        }
        return stream.text
    }

    /// A history, then squashes that overlap what is held, then a snapshot that replaces it.
    private static func streamOfHistory(seed: UInt64) throws -> String {
        var dice = Dice(seed: seed)
        var world = World()
        while world.version < 12 { _ = world.tick(&dice) }
        var stream = RecordedStream(schema: world.state.schema)
        for version in 1...6 { try stream.add(world.section(version)) }
        try stream.add(StateSection(base: 3, version: 8, patch: try world.squashed(3, 8)))
        try stream.add(StateSection(base: 8, version: 10, patch: try world.squashed(8, 10)))
        try stream.add(StateSection(base: 0, version: 11, patch: world.snapshots[11]))
        try stream.add(world.section(12))
        return stream.text
    }

    /// A session that joins and leaves audiences, and is away, while rows move between them.
    private static func streamOfAudiences(seed: UInt64) throws -> String {
        var dice = Dice(seed: seed)
        var crowd = Crowd()
        var mirror = ChannelMirror()
        var marks: [String] = []
        let memberships: [[UInt64]] = [[0], [0, 1, 2], [0, 1, 2, 3], [0, 3], [0, 2, 3], [0, 1]]
        for (place, listed) in memberships.enumerated() {
            let kept = mirror.audiences.filter { listed.contains($0) && !(place == 4 && $0 == 3) }
            var attached: String? = "\"listed\": \(listed), \"kept\": \(kept)"
            for tick in 0..<6 {
                _ = try crowd.tick(&dice)
                // It is away for the first of them.
                guard tick > 1, crowd.version > 0 else { continue }
                if attached != nil { mirror.setAudiences(listed: listed, kept: kept) }
                let isKept = { (audience: UInt64) in attached == nil || kept.contains(audience) }
                var sections: [StateSection] = []
                for audience in listed {
                    let held = Int(mirror.version)
                    let section = isKept(audience) ? try crowd.catchUp(audience, from: held) : crowd.whole(audience)
                    if let section { sections.append(section) }
                }
                try marks.append(
                    RecordedStream.mark(&mirror, sections, attached, version: UInt64(crowd.version)))
                attached = nil
            }
        }
        let text = marks.joined(separator: ",\n")
        return "{\n  \"schema\": \"\(hex(crowd.state.schema.encoded))\",\n  \"marks\": [\n\(text)\n  ]\n}\n"
    }

    private static func refused() -> String {
        let schema = World().state.schema
        let patches = brokenPatches.map { "    \"\($0.filter { $0 != " " })\"" }.joined(separator: ",\n")
        return "{\n  \"schema\": \"\(hex(schema.encoded))\",\n  \"patches\": [\n\(patches)\n  ]\n}\n"
    }
}

/// A stream under way: each section with what a mirror holds after its mark.
private struct RecordedStream {
    private let schema: SchemaDescription
    private var mirror = ChannelMirror()
    private var sections: [String] = []

    init(schema: SchemaDescription) { self.schema = schema }

    var version: UInt64 { mirror.version }

    var text: String {
        let sections = sections.joined(separator: ",\n")
        return "{\n  \"schema\": \"\(hex(schema.encoded))\",\n  \"sections\": [\n\(sections)\n  ]\n}\n"
    }

    mutating func add(_ section: StateSection) throws {
        var section = section
        section.schema = section.base == 0 ? schema : nil
        try mirror.receive(section)
        _ = try mirror.commit(base: section.base, version: section.version)
        sections.append(
            """
                {"base": \(section.base), "version": \(section.version), "hash": "\(mirror.hash())",
                 "patch": "\(hex(section.patch))",
                 "rows": \(try Self.rows(mirror))}
            """)
    }

    /// Feeds a mark with its sections to `mirror`, and records it.
    static func mark(
        _ mirror: inout ChannelMirror, _ sections: [StateSection], _ attached: String?, version: UInt64
    ) throws -> String {
        let base = mirror.version
        for section in sections { try mirror.receive(section) }
        _ = try mirror.commit(base: base, version: version)
        let lines = sections.map { section in
            """
                   {"audience": \(section.audience), "base": \(section.base), "version": \(section.version), \
            "hash": "\(mirror.hash(audience: section.audience))", "patch": "\(hex(section.patch))"}
            """
        }
        let opening = attached.map { "\"attached\": {\($0)}, " } ?? ""
        return """
                {\(opening)"base": \(base), "version": \(version), "sections": [
            \(lines.joined(separator: ",\n"))],
                 "rows": \(try rows(mirror))}
            """
    }

    private static func rows(_ mirror: ChannelMirror) throws -> Substring {
        let members = try Patch.jsonMembers(mirror.encodedUnion(), mirror.schema)
        return members.dropFirst("\"set\":".count).dropLast(",\"remove\":{}".count)
    }
}
