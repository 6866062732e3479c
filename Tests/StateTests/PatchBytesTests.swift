import State
import Testing

/// Patches written out byte by byte: what other clients are written against.
@Suite("The bytes of a patch")
struct PatchBytesTests {
    struct Cell: Row {
        var n: UInt8 = 0, tag: String?
        static let schema = Schema<Cell>(.field("n", \.n), .field("tag", \.tag))
    }

    @Test("Runs of four or more consecutive keys become groups of their own, the rest plain groups between them")
    func grouping() {
        var state = State()
        let cells: Table<Int, Cell> = state.table("cells")
        for key in [-5, 0, 1, 2, 10, 11, 12, 13, 20] { cells[key] = Cell(n: UInt8(abs(key)), tag: nil) }
        #expect(
            state.close()
                == bytes(
                    """
                    00
                    1a 03  09 05f6  04 00f6  00 01f6  00 02f6
                    1e 03  07 0af6 0bf6 0cf6 0df6
                    02 03  06 14f6
                    """))
    }

    @Test("Rows of another operation or mask stand in a group of their own, in key order")
    func segments() {
        var state = State()
        let cells: Table<Int, Cell> = state.table("cells")
        for key in 0..<8 { cells[key] = Cell(n: UInt8(key)) }
        _ = state.close()
        for key in [0, 1, 2, 6] { cells[key]?.n += 100 }
        cells[3] = nil
        cells[4]?.tag = "t"
        #expect(
            state.close()
                == bytes("00  13 01 00 64 00 65 00 66  01 00  03 02 00 f50174  03 01 01 6a"))
        cells.removeAll()
        #expect(state.close() == bytes("00  11 00 00 00  1d 01"))
    }

    @Test("Tables follow in order, each but the last with its end; texts carry their length, sessions are numbers")
    func tables() {
        var state = State()
        let cells: Table<Int, Cell> = state.table("cells")
        let names: Table<String, Cell> = state.table("names")
        let seats: Table<SessionID, Cell> = state.table("seats")
        cells[1] = Cell()
        seats[SessionID(high: 1, low: 2)] = Cell(n: 200)
        #expect(
            state.close()
                == bytes("00 02 03 02 00f6 00  04 02 03 02 80c8f6"))
        names["b"] = Cell(tag: "")
        names[""] = Cell()
        #expect(state.close() == bytes("03 0a 03 00 00f6  01 62 00f500"))
        #expect(
            state.schemaBytes
                == bytes(
                    """
                    03 05 63656c6c73 01 02 01 6e 06 03 746167 4c
                       05 6e616d6573 02 02 01 6e 06 03 746167 4c
                       05 7365617473 03 02 01 6e 06 03 746167 4c
                    """))
    }

    @Test("A nil state and a state without rows have an empty snapshot")
    func empty() {
        var state = State()
        #expect(state.close() == nil)
        #expect(state.snapshot() == [])
        #expect(state.schemaBytes == [0])
    }

    @Test(
        "Bytes that break a rule of the format are an error",
        arguments: brokenPatches)
    func broken(digits: String) {
        #expect(throws: WireError.self) { try Patch.check(bytes(digits)) }
    }
}

/// Also recorded for other clients.
let brokenPatches = [
    "00", "00 00", "00 02 00 00 00", "00 01 00 00 00", "02 01 00 00 00 01 00", "00 00 02 01 00", "00 04 00",
    "00 03 00 00", "00 03 01 00 f4", "00 03 01 00 f7", "00 03 01 00 f5 05 61", "01 0d 00", "01 09 01 62 01 61",
    "01 09 01 61 01 61", "00 09 f4fffffffffffffffe 00", "00 f4ffffffffffffffff", "00 1d f4fffffffffffffffe",
    "00 f0ffffffff 00", "00 01 8001", "c01000 01 00",
]
