import State
import Testing

@Suite("Mirrors")
struct MirrorTests {
    struct Old: Row {
        var x: Int16 = 0, name = "", gone = 7
        static let schema = Schema<Old>(.field("x", \.x), .field("name", \.name), .field("gone", \.gone))
    }
    struct New: Row, Equatable {
        var name = "?", x: Int64 = -1, added: Double? = 2.5
        static let schema = Schema<New>(.field("name", \.name), .field("x", \.x), .field("added", \.added))
    }

    private func start() throws -> (State, Table<Int, Old>, ChannelMirror) {
        var state = State()
        let table: Table<Int, Old> = state.table("rows")
        for key in 0..<3 { table[key] = Old(x: Int16(key), name: "n\(key)") }
        _ = state.close()
        var mirror = ChannelMirror()
        try mirror.receive(StateSection(base: 0, version: 5, schema: state.schema, patch: state.snapshot()))
        let changes = try mirror.commit(base: 0, version: 5)
        #expect(changes.map(\.kind) == [.added, .added, .added])
        return (state, table, mirror)
    }

    @Test("A section shows nothing before its mark, and nothing at all without one")
    func staged() throws {
        var (state, table, mirror) = try start()
        table[1]?.name = "new"
        let patch = try state.closed()
        try mirror.receive(StateSection(base: 5, version: 6, patch: patch))
        #expect(mirror.table("rows")?[.int(1), "name"] == .text("n1"))
        mirror.discard()
        _ = try mirror.commit(base: 5, version: 5)
        #expect(mirror.table("rows")?[.int(1), "name"] == .text("n1"))
        try mirror.receive(StateSection(base: 5, version: 6, patch: patch))
        #expect(
            try mirror.commit(base: 5, version: 6) == [
                MirrorChange(table: 0, key: .int(1), kind: .changed(mask: 2))
            ])
        #expect(mirror.table("rows")?[.int(1), "name"] == .text("new"))
        #expect(mirror.version == 6)
    }

    @Test("Changes say what really differs, also when a patch is applied again or a state comes anew")
    func changes() throws {
        var (state, table, mirror) = try start()
        table[0] = nil
        table[1]?.x = 9
        table[7] = Old()
        let patch = try state.closed()
        let expected = [
            MirrorChange(table: 0, key: .int(0), kind: .removed),
            MirrorChange(table: 0, key: .int(1), kind: .changed(mask: 1)),
            MirrorChange(table: 0, key: .int(7), kind: .added),
        ]
        var other = mirror
        try mirror.receive(StateSection(base: 5, version: 6, patch: patch))
        #expect(try mirror.commit(base: 5, version: 6) == expected)
        try mirror.receive(StateSection(base: 5, version: 6, patch: patch))
        #expect(try mirror.commit(base: 5, version: 6) == [])
        try other.receive(StateSection(base: 0, version: 6, patch: state.snapshot()))
        #expect(try other.commit(base: 0, version: 6) == expected)
        #expect(other.encoded() == mirror.encoded())
    }

    @Test("Two sections before one mark are one change")
    func twice() throws {
        var (state, table, mirror) = try start()
        table[1]?.x = 9
        let first = try state.closed()
        table[1]?.name = "z"
        table[2] = nil
        let second = try state.closed()
        try mirror.receive(StateSection(base: 5, version: 6, patch: first))
        try mirror.receive(StateSection(base: 6, version: 7, patch: second))
        #expect(
            try mirror.commit(base: 5, version: 7) == [
                MirrorChange(table: 0, key: .int(1), kind: .changed(mask: 3)),
                MirrorChange(table: 0, key: .int(2), kind: .removed),
            ])
        #expect(mirror.encoded() == state.snapshot())
    }

    @Test("What does not fit is an error and changes nothing")
    func refused() throws {
        let (_, _, mirror) = try start()
        let before = mirror.encoded()
        func refuse(_ error: MirrorError, _ section: StateSection) {
            var mirror = mirror
            #expect(throws: error) { try mirror.receive(section) }
            #expect(mirror.encoded() == before)
        }
        refuse(.gap(held: 5, base: 6), StateSection(base: 6, version: 7, patch: []))
        refuse(.behind(held: 5, version: 4), StateSection(base: 3, version: 4, patch: []))
        refuse(.behind(held: 5, version: 4), StateSection(base: 0, version: 4, patch: []))
        refuse(.unknownAudience(1), StateSection(audience: 1, base: 5, version: 6, patch: []))
        refuse(
            .malformed(.invalid("a set of a row that is not there")),
            StateSection(base: 5, version: 6, patch: bytes("00 03 01 50 00")))
        refuse(
            .malformed(.invalid("a patch from nothing that does not only insert")),
            StateSection(base: 0, version: 6, patch: bytes("00 01 00")))
        refuse(
            .malformed(.invalid("an insert without all its fields")),
            StateSection(base: 5, version: 6, patch: bytes("00 02 01 00 00")))
        refuse(
            .malformed(.invalid("a number out of its field's range")),
            StateSection(base: 5, version: 6, patch: bytes("00 03 01 00 c1ffff")))
        refuse(
            .malformed(.invalid("nil in a field that is not optional")),
            StateSection(base: 5, version: 6, patch: bytes("00 03 01 00 f6")))
        var fresh = ChannelMirror()
        #expect(throws: MirrorError.noSchema) { try fresh.receive(StateSection(base: 0, version: 1, patch: [])) }
        #expect(throws: MirrorError.gap(held: 0, base: 3)) { _ = try fresh.commit(base: 3, version: 4) }
    }

    @Test("A reader whose row is older or newer ignores what it does not know and keeps its defaults")
    func otherSchema() throws {
        let (_, _, mirror) = try start()
        let rows = mirror.table("rows", key: Int.self, row: New.self)
        #expect(rows == Dictionary(uniqueKeysWithValues: (0..<3).map { ($0, New(name: "n\($0)", x: Int64($0))) }))
        #expect(mirror.row("rows", 2, as: New.self) == New(name: "n2", x: 2))
        #expect(mirror.row("rows", 9, as: New.self) == nil)
        #expect(mirror.table("nothing", key: Int.self, row: New.self).isEmpty)
        #expect(mirror.table("rows", key: String.self, row: New.self).isEmpty)
    }
}
