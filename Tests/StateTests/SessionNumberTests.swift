import State
import Testing

@Suite("Session numbers")
struct SessionNumberTests {
    private struct Seat: Row {
        var n = 0
        static let schema = Schema<Seat>(.field("n", \.n))
    }

    private let ids = (1...9).map { SessionID(high: 0, low: 100 - $0) }

    @Test("A session has one number in all tables, in the order of first use, for as long as it is held or has a row")
    func lifetime() {
        var state = State()
        let (seats, scores): (Table<SessionID, Seat>, Table<SessionID, Seat>) = (
            state.table("seats"), state.table("scores")
        )
        func numbers() -> [UInt64?] { ids.prefix(3).map { state.number(of: $0)?.rawValue } }
        state.hold(ids[1])
        seats[ids[0]] = Seat()
        scores[ids[1]] = Seat()
        scores[ids[0]] = Seat()
        #expect(numbers() == [2, 1, nil])
        _ = state.close()
        state.release(ids[1])
        seats[ids[0]] = nil
        _ = state.close()
        #expect(numbers() == [2, 1, nil], "each has a row yet")
        scores.removeAll()
        #expect(numbers() == [2, 1, nil], "what was sent is to be removed by its number")
        _ = state.close()
        #expect(numbers() == [nil, nil, nil])
        seats[ids[1]] = Seat()
        seats[ids[2]] = Seat()
        #expect(numbers() == [nil, 3, 4], "no number is given again")
    }

    @Test("A row that comes and goes within a tick leaves nothing, and one that is replaced keeps its number")
    func withinOneTick() throws {
        var state = State()
        let seats: Table<SessionID, Seat> = state.table("seats")
        seats[ids[0]] = Seat()
        seats[ids[0]] = nil
        #expect(state.close() == nil && state.number(of: ids[0]) == nil)
        seats.replaceAll(with: ids.map { ($0, Seat()) })
        _ = state.close()
        seats.replaceAll(with: ids.reversed().map { ($0, Seat()) })
        #expect(state.close() == nil)
        #expect(ids.map { state.number(of: $0)?.rawValue } == (2...10).map { $0 })
        #expect(seats.keys == ids)
    }

    @Test("A mirror has the rows by their numbers, typed and untyped, and a field may name a session")
    func mirror() throws {
        struct Ball: Row {
            var owner = SessionNumber(rawValue: 0)
            static let schema = Schema<Ball>(.field("owner", \.owner))
        }
        var state = State()
        let seats: Table<SessionID, Seat> = state.table("seats")
        let balls: Table<Int, Ball> = state.table("balls")
        for (place, id) in ids.enumerated() { seats[id] = Seat(n: place) }
        balls[0] = Ball(owner: try #require(state.number(of: ids[4])))
        let section = StateSection(base: 0, version: 1, schema: state.schema, patch: try state.closed())
        var mirror = ChannelMirror()
        try mirror.receive(section)
        _ = try mirror.commit(base: 0, version: 1)
        let rows: [SessionNumber: Seat] = mirror.table("seats")
        #expect(rows.count == 9)
        let owner = try #require(mirror.row("balls", 0, as: Ball.self)).owner
        #expect(mirror.row("seats", owner, as: Seat.self)?.n == 4)
        #expect(mirror.table("seats")?.keys == (1...9).map { .session(SessionNumber(rawValue: $0)) })
        #expect(mirror.hash(audience: 0) == state.hash())
    }
}
