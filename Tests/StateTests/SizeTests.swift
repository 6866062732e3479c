import State
import Testing

@Suite("Sizes")
struct SizeTests {
    struct Mover: Row {
        var x: Int16 = 0, y: Int16 = 0, name = ""
        static let schema = Schema<Mover>(.field("x", \.x), .field("y", \.y), .field("name", \.name))
    }

    @Test("Patches of 100 moving rows are no larger than they were promised to be")
    func movers() throws {
        var dice = Dice(seed: 100)
        var state = State()
        let movers: Table<Int, Mover> = state.table("movers")
        for key in 0..<100 {
            let name = String(decoding: (0..<6).map { _ in UInt8(97 + dice.below(26)) }, as: UTF8.self)
            movers[key] = Mover(x: Int16(dice.below(1000)), y: Int16(dice.below(1000)), name: name)
        }
        func move(_ keys: Range<Int>) throws -> Int {
            for key in keys {
                movers[key]?.x = Int16(dice.below(1000))
                movers[key]?.y = Int16(dice.below(1000))
            }
            return try state.closed().count
        }
        let first = try state.closed()
        #expect(first == state.snapshot())
        #expect(state.schemaBytes.count + first.count <= 1_600)
        #expect(try move(42..<43) <= 9)
        #expect(try move(99..<100) <= 9)
        #expect(try move(0..<50) <= 205)
        #expect(try move(0..<100) <= 400)
    }
}
