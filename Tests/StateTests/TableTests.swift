import State
import Testing

@Suite("Tables")
struct TableTests {
    struct Player: Row, Equatable {
        var x: Float = 0, y: Float = 0, name = ""
        static let schema = Schema<Player>(.field("x", \.x), .field("y", \.y), .field("name", \.name))
    }

    @Test("A handle that is a constant reads, writes, changes in place and removes")
    func handle() {
        var state = State()
        let players: Table<SessionID, Player> = state.table("players")
        let (ann, bob) = (SessionID(high: 0, low: 1), SessionID(high: 1, low: 0))
        players[ann]?.x += 1
        #expect(players.isEmpty)
        players[bob] = Player(name: "Bob")
        players[ann] = Player(name: "Ann")
        players[ann]?.x += 1
        #expect(players[ann] == Player(x: 1, name: "Ann"))
        #expect(players.keys == [bob, ann], "in the order of their numbers")
        players[bob] = nil
        #expect(players.count == 1 && !players.contains(bob) && players[bob] == nil)
        players.updateEach { $1.y = 2 }
        #expect(players[ann]?.y == 2)
        players.removeAll()
        #expect(players.isEmpty)
    }

    @Test("Each kind of key has its order: integers ascending, texts by their bytes")
    func order() {
        var state = State()
        let numbers: Table<Int32, Player> = state.table("numbers")
        let texts: Table<String, Player> = state.table("texts")
        for key in [Int32.max, 0, -1, .min, 5] { numbers[key] = Player() }
        for key in ["b", "", "e\u{301}", "\u{e9}", "a"] { texts[key] = Player() }
        #expect(numbers.keys == [.min, -1, 0, 5, .max])
        #expect(texts.keys.map { Array($0.utf8) } == ["", "a", "b", "e\u{301}", "\u{e9}"].map { Array($0.utf8) })
        var seen: [Int32] = []
        for (key, _) in numbers {
            seen.append(key)
            numbers[0] = nil
            numbers[7] = Player()
        }
        #expect(seen == [.min, -1, 5, .max])
    }

    @Test("What one tick does and undoes sends nothing")
    func undone() {
        var state = State()
        let players: Table<Int, Player> = state.table("players")
        for key in 0..<5 { players[key] = Player(x: Float(key), name: "p\(key)") }
        #expect(state.close() != nil)
        #expect(state.close() == nil)
        players[1]?.x = 9
        players[1]?.x = 1
        players[9] = Player()
        players[9] = nil
        players[2] = nil
        players[2] = Player(x: 2, name: "p2")
        players.replaceAll(with: (0..<5).map { ($0, Player(x: Float($0), name: "p\($0)")) })
        #expect(state.close() == nil)
    }

    @Test("A row that is removed and put back with other values is a set of what differs")
    func putBack() throws {
        var state = State()
        let players: Table<Int, Player> = state.table("players")
        players[3] = Player(x: 1, y: 1, name: "c")
        _ = state.close()
        players[3] = nil
        players[3] = Player(x: 1, y: 2, name: "c")
        // table 0; one row, set; mask 2; key 3; 2.0 reversed
        #expect(state.close() == bytes("00 03 02 06 40"))
    }

    @Test("Slots of removed rows are used again and hold nothing of the old row")
    func reused() throws {
        var state = State()
        let players: Table<Int, Player> = state.table("players")
        players[1] = Player(x: 1, y: 1, name: "a")
        _ = state.close()
        players[1] = nil
        _ = state.close()
        players[2] = Player()
        var fresh = State()
        let others: Table<Int, Player> = fresh.table("players")
        others[2] = Player()
        #expect(state.close() == fresh.close())
        #expect(state.snapshot() == fresh.snapshot())
    }

    @Test("A quantised number is rounded in the table when the tick ends")
    func quantised() throws {
        struct Place: Row {
            var x: Float = 0, height: Double?
            static let schema = Schema<Place>(.field("x", \.x, step: 0.5), .field("height", \.height, step: 0.01))
        }
        var state = State()
        let places: Table<Int, Place> = state.table("places")
        places[1] = Place(x: 1.26, height: 2.004)
        _ = state.close()
        #expect(places[1]?.x == 1.5)
        #expect(places[1]?.height == 2)
        places[1]?.x = 1.4
        #expect(state.close() == nil)
        #expect(places[1]?.x == 1.5)
        places[1] = Place(x: .nan, height: .infinity)
        _ = state.close()
        #expect(places[1]?.x == 0)
        #expect(places[1]?.height == Double(1 << 50) * 0.01)
    }

    @Test("Every NaN is one, and zero is not minus zero")
    func bits() {
        var state = State()
        let players: Table<Int, Player> = state.table("players")
        players[1] = Player(x: .nan, y: 0)
        _ = state.close()
        players[1]?.x = -.signalingNaN
        #expect(state.close() == nil)
        players[1]?.y = -0.0
        #expect(state.close() == bytes("00 03 02 02 8080"))
    }

    @Test("A session id is 32 lower-case hex digits and nothing else")
    func sessionText() {
        let id = SessionID(high: 0x0123_4567_89ab_cdef, low: 1)
        #expect(id.description == "0123456789abcdef0000000000000001")
        #expect(SessionID(id.description) == id)
        for text in ["", "0", "0123456789abcdef000000000000000g", "0123456789ABCDEF0000000000000001"] {
            #expect(SessionID(text) == nil)
        }
        #expect(SessionID(high: 0, low: .max) < SessionID(high: 1, low: 0))
    }
}
