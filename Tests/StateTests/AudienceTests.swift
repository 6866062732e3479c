import State
import Testing

@Suite("Audiences")
struct AudienceTests {
    @Test(
        "Onlookers in both audiences, either and away hold what they should, with every move told as a change",
        arguments: Histories.shards)
    func onlookers(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var crowd = Crowd()
            var onlookers = Array(repeating: Onlooker(), count: 3)
            for _ in 0..<8 {
                let changes = try crowd.tick(&dice)
                guard !changes.isEmpty else { continue }
                for place in onlookers.indices { try onlookers[place].follow(&crowd, changes, &dice) }
            }
        }
    }

    @Test(
        "Each audience's patches squash, and apply to any version from their base up to their own",
        arguments: Histories.shards)
    func squash(shard: UInt64) throws {
        try Histories.run(shard) { dice in
            var crowd = Crowd()
            for _ in 0..<8 { _ = try crowd.tick(&dice) }
            for audience in crowd.numbers {
                let steps = crowd.steps[audience] ?? []
                guard steps.count >= 2 else { continue }
                let first = dice.below(steps.count - 1)
                let last = first + 1 + dice.below(steps.count - first - 1)
                let (low, high) = (steps[first].base, steps[last].version)
                let patch = try Patch.squash(steps[first...last].map(\.patch))
                for held in max(low, 1)...high {
                    var mirror = ChannelMirror()
                    let start = crowd.snapshots[held][audience] ?? []
                    try mirror.receive(
                        StateSection(
                            audience: audience, base: 0, version: UInt64(held), schema: crowd.state.schema, patch: start
                        ))
                    _ = try mirror.commit(base: 0, version: UInt64(held))
                    try mirror.receive(
                        StateSection(
                            audience: audience, base: UInt64(max(low, 1)), version: UInt64(high),
                            hash: steps[last].hash, patch: patch))
                    _ = try mirror.commit(base: UInt64(held), version: UInt64(high))
                    try Histories.check(
                        mirror.encoded(audience: audience) == crowd.snapshots[high][audience],
                        "audience \(audience), \(low)...\(high) on \(held)")
                    try Histories.check(mirror.disagreement == nil, "hash of \(low)...\(high) on \(held)")
                }
            }
        }
    }

    @Test("A row that moves is removed in one audience and inserted whole in the other; nobody's rows yield nothing")
    func move() throws {
        var state = State()
        let cards: Table<Int, Crowd.Card> = state.table("cards")
        let (red, blue) = (state.audience("red"), state.audiences[of: SessionID(high: 1, low: 1)])
        cards[1, for: red] = Crowd.Card(face: 5)
        cards[2, for: .nobody] = Crowd.Card(face: 6)
        let first = state.closeAudiences()
        #expect(first.map(\.audience) == [red])
        #expect(first[0].patch == bytes("00 02 07 02 0a f500 f6"))
        cards.move(1, to: blue)
        cards[1]?.face = 7
        let second = state.closeAudiences()
        #expect(second.map(\.audience) == [red, blue])
        #expect(second.map(\.patch) == [bytes("00 01 02"), bytes("00 02 07 02 0e f500 f6")])
        #expect(second[0].hash == .empty && second[1].hash == state.hash(of: blue))
        cards.move(1, to: red)
        cards.move(1, to: blue)
        cards[2]?.face = 8
        #expect(state.closeAudiences() == [])
        cards.move(2, to: .everyone)
        #expect(state.closeAudiences().map(\.patch) == [bytes("00 02 07 04 10 f500 f6")])
        #expect(cards.audience(of: 2) == .everyone && cards.audience(of: 3) == nil)
        #expect(cards[1, for: blue]?.face == 7 && cards[1, for: red] == nil)
        #expect(state.snapshot(of: blue) == bytes("00 02 07 02 0e f500 f6") && state.snapshot(of: .nobody) == [])
    }

    @Test("A plain write keeps a row's audience; a new row, and one put back after it was removed, is for everyone")
    func plainWrites() {
        var state = State()
        let cards: Table<Int, Crowd.Card> = state.table("cards")
        let red = state.audience("red")
        cards[1, for: red] = Crowd.Card()
        cards[1] = Crowd.Card(face: 1)
        cards.replaceAll(with: [(1, Crowd.Card(face: 2)), (2, Crowd.Card())])
        #expect(cards.audience(of: 1) == red && cards.audience(of: 2) == .everyone)
        cards[1] = nil
        cards[1] = Crowd.Card()
        #expect(cards.audience(of: 1) == .everyone)
    }

    @Test("Audiences are numbered in the order of first use")
    func numbers() {
        let state = State()
        let names = ["b", "a", "e\u{301}", "\u{e9}", "b"].map { state.audience($0).wireNumber }
        #expect(names == [1, 2, 3, 4, 1])
        #expect(state.audience(of: SessionID(high: 0, low: 0)).wireNumber == 5)
    }

    @Test("Three hundred rows in as many cells are one patch a cell, and only the cells that changed")
    func cells() {
        var state = State()
        let cards: Table<Int, Crowd.Card> = state.table("cards")
        let cells = (0..<300).map { state.audience("cell/\($0)") }
        for key in 0..<300 { cards[key, for: cells[key]] = Crowd.Card() }
        #expect(state.closeAudiences().map(\.audience) == cells)
        for key in 100..<150 { cards[key]?.face = 9 }
        #expect(state.closeAudiences().map(\.audience) == Array(cells[100..<150]))
    }

    @Test("A hash that differs and a row in two audiences are told, and the mirror goes on")
    func disagreement() throws {
        var state = State()
        let cards: Table<Int, Crowd.Card> = state.table("cards")
        cards[1] = Crowd.Card(face: 5)
        let patch = state.closeAudiences()[0].patch
        var mirror = ChannelMirror()
        try mirror.receive(StateSection(base: 0, version: 1, hash: 7, schema: state.schema, patch: patch))
        _ = try mirror.commit(base: 0, version: 1)
        let held = state.hash().rawValue
        #expect(mirror.disagreement == .hash(audience: 0, version: 1, told: 7, held: held))
        try mirror.receive(StateSection(audience: 3, base: 0, version: 2, patch: patch))
        #expect(try mirror.commit(base: 1, version: 2) == [])
        #expect(mirror.disagreement == .rowTwice(table: 0, key: .int(1)))
        #expect(mirror.encoded() == patch && mirror.encoded(audience: 3) == [])
        _ = try mirror.commit(base: 2, version: 3)
        #expect(mirror.disagreement == nil)
    }
}
