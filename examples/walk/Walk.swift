import BackChannel

struct Player: Row {
    var name = ""
    var x: Float = 0
    static let schema = Schema<Player>(.field("name", \.name), .field("x", \.x, step: 0.1))
}

struct Walk: Processor {
    let players: Table<SessionID, Player>

    init(_ state: inout State) { players = state.table("players") }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session): players[session.id] = Player(name: session.claims["name"] ?? "guest")
            case .input(let input):
                switch input.bytes.text {
                case "\"left\"": players[input.session]?.x -= 1
                case "\"right\"": players[input.session]?.x += 1
                default: tick.refuse(input, "say \"left\" or \"right\"")
                }
            case .left(let session, _): players[session] = nil
            default: break
            }
        }
    }
}
