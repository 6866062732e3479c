import Core
import State

/// The rule of the audience tests: rows and sessions that move between audiences as inputs say.
///
/// `turn SEED` does what dice of that seed say to rows and to all sessions; `enter NAME`, `leave NAME` move the sender; `row K NAME`
/// puts a row into an audience (`mine`: the sender's own; `nobody`; `everyone`); `bump K` changes one; `tell TEXT` sends a message
/// to all.
struct Crossing: Processor {
    struct Stone: Row {
        var weight: Int32 = 0, text = ""
        static let schema = Schema<Stone>(.field("weight", \.weight), .field("text", \.text))
    }

    static let names = ["red", "blue", "green", "grey"]
    let stones: Table<Int, Stone>
    let notes: Table<SessionID, Stone>
    let audiences: Audiences
    /// In the order in which they came; a rule may not go through what has no order.
    private var here: [SessionID] = []

    init(_ state: inout State) {
        stones = state.table("stones")
        notes = state.table("notes")
        audiences = state.audiences
        for name in Self.names { _ = state.audience(name) }
        stones[0] = Stone(text: "for all")
        stones[1, for: audiences["red"]] = Stone(text: "for the red")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session): here.append(session.id)
            case .left(let id, _):
                here.removeAll { $0 == id }
                notes[id] = nil
            case .input(let input): apply(input, &tick)
            default: break
            }
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        // A text client's input is JSON, that is, in quotes.
        let words = (input.bytes.text ?? "").split { $0 == " " || $0 == "\"" }.map(String.init)
        switch (words.first, words.dropFirst().first ?? "", words.last ?? "") {
        case ("turn", let seed, _): turn(Dice(seed: UInt64(seed) ?? 0), &tick)
        case ("enter", let name, _): tick.enter(audiences[name], input.session)
        case ("leave", let name, _): tick.leave(audiences[name], input.session)
        case ("row", let key, let name):
            let audience = audience(name, input.session)
            if stones.contains(Int(key) ?? 0) {
                stones.move(Int(key) ?? 0, to: audience)
            } else {
                stones[Int(key) ?? 0, for: audience] = Stone(text: name)
            }
        case ("bump", let key, _): stones[Int(key) ?? 0]?.weight += 1
        case ("tell", let text, _): tick.sendToAll(Array(text.utf8))
        default: tick.refuse(input, "no such move")
        }
    }

    private func audience(_ name: String, _ session: SessionID) -> Audience {
        switch name {
        case "everyone": .everyone
        case "nobody": .nobody
        case "mine": audiences[of: session]
        default: audiences[name]
        }
    }

    private func turn(_ dice: Dice, _ tick: inout Tick) {
        var dice = dice
        let all = Self.names.map { audiences[$0] }
        for _ in 0..<Int.random(in: 1...5, using: &dice) {
            let key = Int.random(in: 0..<12, using: &dice)
            let session = here.randomElement(using: &dice) ?? .zero
            let audience =
                (all + [.everyone, .nobody, audiences[of: session]]).randomElement(using: &dice) ?? .everyone
            switch Int.random(in: 0..<10, using: &dice) {
            case 0, 1: stones.move(key, to: audience)
            case 2: stones[key, for: audience] = Stone(weight: Int32(key), text: "new")
            case 3: stones[key]?.weight &+= 1
            case 4: stones[key] = nil
            case 5: notes[session, for: audience] = Stone(weight: 1, text: "note")
            case 6: tick.enter(all.randomElement(using: &dice) ?? all[0], session)
            case 7: tick.leave(all.randomElement(using: &dice) ?? all[0], session)
            case 8: tick.setAudiences(all.filter { _ in Bool.random(using: &dice) }, of: session)
            default: stones[key, default: Stone()].text = "\(key)"
            }
        }
    }
}
