import BackChannel

/// A map in fog: a player sees the cell it stands in and the eight around it, and only itself where its treasure lies.
struct Fog: Processor {
    struct Walker: Row {
        var name = "", x: Int16 = 0, y: Int16 = 0, found: Int16 = 0
        static let schema = Schema<Walker>(
            .field("name", \.name), .field("x", \.x), .field("y", \.y), .field("found", \.found))
    }

    struct Treasure: Row {
        var x: Int16 = 0, y: Int16 = 0
        static let schema = Schema<Treasure>(.field("x", \.x), .field("y", \.y))
    }

    static let side = 16
    let walkers: Table<SessionID, Walker>
    let treasures: Table<SessionID, Treasure>
    let audiences: Audiences

    init(_ state: inout State) {
        walkers = state.table("walkers")
        treasures = state.table("treasures")
        audiences = state.audiences
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session):
                place(session.id, Walker(name: session.claims["name"] ?? "guest", x: 8, y: 8), &tick)
                hide(session.id, &tick)
            case .input(let input): walk(input, &tick)
            case .left(let session, _): (walkers[session], treasures[session]) = (nil, nil)
            default: break
            }
        }
    }

    private func walk(_ input: Input, _ tick: inout Tick) {
        let steps: [String: (x: Int16, y: Int16)] = [
            "\"left\"": (-1, 0), "\"right\"": (1, 0), "\"up\"": (0, -1), "\"down\"": (0, 1),
        ]
        guard var walker = walkers[input.session], let step = steps[input.bytes.text ?? ""] else {
            return tick.refuse(input, "say \"left\", \"right\", \"up\" or \"down\"")
        }
        walker.x = min(max(walker.x + step.x, 0), Int16(Self.side - 1))
        walker.y = min(max(walker.y + step.y, 0), Int16(Self.side - 1))
        if let treasure = treasures[input.session], (treasure.x, treasure.y) == (walker.x, walker.y) {
            walker.found += 1
            hide(input.session, &tick)
        }
        place(input.session, walker, &tick)
    }

    /// The row goes to the audience of its cell, the session to those of the cells that it sees.
    private func place(_ session: SessionID, _ walker: Walker, _ tick: inout Tick) {
        walkers[session, for: cell(Int(walker.x), Int(walker.y))] = walker
        var seen: [Audience] = []
        for x in Int(walker.x) - 1...Int(walker.x) + 1 {
            for y in Int(walker.y) - 1...Int(walker.y) + 1 { seen.append(cell(x, y)) }
        }
        tick.setAudiences(seen, of: session)
    }

    private func cell(_ x: Int, _ y: Int) -> Audience { audiences["cell \(x) \(y)"] }

    /// A session is in its own audience without entering it.
    private func hide(_ session: SessionID, _ tick: inout Tick) {
        let (x, y) = (Int16.random(in: 0..<16, using: &tick.dice), Int16.random(in: 0..<16, using: &tick.dice))
        treasures[session, for: audiences[of: session]] = Treasure(x: x, y: y)
    }
}
