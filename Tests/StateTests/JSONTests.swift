import Foundation
import State
import Testing

@Suite("Patches as JSON text")
struct JSONTests {
    struct Mixed: Row {
        var small: Int32 = 0, wide: Int64 = 0, huge: UInt64 = 0, f: Float = 0, d = 0.0, on = false
        var text = "", raw: [UInt8] = [], maybe: Int8?, fine = 0.0
        static let schema = Schema<Mixed>(
            .field("small", \.small), .field("wide", \.wide), .field("huge", \.huge), .field("f", \.f),
            .field("d", \.d), .field("on", \.on), .field("text", \.text), .field("raw", \.raw),
            .field("maybe", \.maybe), .field("fine", \.fine, step: 0.25))
    }

    @Test("Inserted rows come whole, changed ones with what changed, removed ones by name")
    func members() throws {
        var state = State()
        let rows: Table<Int, Mixed> = state.table("rows")
        let others: Table<String, World.Note> = state.table("ot\"hers")
        let seats: Table<SessionID, World.Seat> = state.table("seats")
        rows[-7] = Mixed(
            small: -1, wide: .min, huge: .max, f: 0.1, d: 1e21, on: true, text: "a\"\\\n\u{1}é🏳️‍🌈/", raw: [1, 2, 3, 4],
            maybe: nil, fine: 1.3)
        rows[8] = Mixed(f: .nan, d: -.infinity, raw: [255], maybe: 5)
        rows[9] = Mixed(f: .infinity, d: -0.0, raw: [255, 255])
        others["k\t"] = World.Note(text: "n", votes: 1)
        seats[SessionID(high: 0, low: 255)] = World.Seat()
        let schema = state.schema
        let first = try Patch.jsonMembers(state.closed(), schema)
        #expect(
            first == #"""
                "set":{"rows":{"-7":{"small":-1,"wide":"-9223372036854775808","huge":"18446744073709551615","f":0.1,"d":1e+21,"on":true,"text":"a\"\\\n\u0001é🏳️‍🌈/","raw":"AQIDBA==","maybe":null,"fine":1.25},"8":{"small":0,"wide":"0","huge":"0","f":"nan","d":"-inf","on":false,"text":"","raw":"/w==","maybe":5,"fine":0},"9":{"small":0,"wide":"0","huge":"0","f":"inf","d":-0,"on":false,"text":"","raw":"//8=","maybe":null,"fine":0}},"ot\"hers":{"k\t":{"text":"n","votes":"1"}},"seats":{"1":{}}},"remove":{}
                """#)
        rows[8] = nil
        rows[9] = nil
        rows[-7]?.small = 2
        others.removeAll()
        let second = try Patch.jsonMembers(state.closed(), schema)
        #expect(
            second == #""set":{"rows":{"-7":{"small":2}}},"remove":{"rows":["8","9"],"ot\"hers":["k\t"]}"#)
        #expect(try Patch.jsonMembers([], schema) == #""set":{},"remove":{}"#)
    }

    @Test("Whatever a state holds, its patches are JSON that others read")
    func parses() throws {
        for seed in 0..<100 as Range<UInt64> {
            var dice = Dice(seed: seed)
            var world = World()
            for _ in 0..<3 {
                guard let section = world.tick(&dice) else { continue }
                let text = try "{" + Patch.jsonMembers(section.patch, world.state.schema) + "}"
                let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                #expect(object?["set"] is [String: [String: Any]], "seed \(seed)")
                #expect(object?["remove"] is [String: [String]], "seed \(seed)")
            }
        }
    }

    @Test("A patch that is none of the schema's is an error")
    func foreign() {
        let schema = World().state.schema
        for digits in ["06 02 00 00", "01 01 00", "00 03 f0ffffffff 00 00", "05 01 01 00", "04 01 00", "04 01 01"] {
            #expect(throws: WireError.self) { try Patch.jsonMembers(bytes(digits), schema) }
        }
    }
}
