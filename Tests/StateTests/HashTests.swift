import State
import Testing

@Suite("State hash")
struct HashTests {
    @Test("The worked examples of docs/WIRE.md")
    func examples() {
        var state = State()
        let cards: Table<Int, Crowd.Card> = state.table("cards")
        let notes: Table<String, World.Note> = state.table("notes")
        #expect(state.hash() == .empty)
        cards[1] = Crowd.Card(face: 5)
        #expect(state.closeAudiences().map(\.hash.description) == ["85e806d85c73fa6c"])
        cards[1] = nil
        notes["b"] = World.Note(text: "ok", votes: 1)
        #expect(state.closeAudiences().map(\.hash.description) == ["8dff6ed499e7d578"])
        cards[1] = Crowd.Card(face: 5)
        #expect(state.closeAudiences().map(\.hash.description) == ["13e775acf65bcfe4"])
        cards.removeAll()
        notes.removeAll()
        #expect(state.closeAudiences().map(\.hash) == [.empty])
    }
}
