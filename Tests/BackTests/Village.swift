import BackChannel

/// What the rehearsals' tests play: everyone has a house, numbers are paid in, and a few words do special things.
struct Village: Processor {
    let houses: Table<SessionID, House>
    let log: Table<Int, Entry>

    struct House: Row {
        var name = ""
        var coins: Int32 = 0
        static let schema = Schema<House>(.field("name", \.name), .field("coins", \.coins))
    }

    struct Entry: Row {
        var text = ""
        static let schema = Schema<Entry>(.field("text", \.text))
    }

    init(_ state: inout State) {
        houses = state.table("houses")
        log = state.table("log")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request):
                guard let session = request.session else {
                    if request.front == "stranger" { tick.refuse(request, "no strangers") }
                    continue
                }
                if session.claims["name"] == "mallory" { tick.refuse(request, "not you") }
                if session.claims["name"] == "gale" { tick.accept(request, data: [7]) }
            case .joined(let session):
                note("joined \(session.claims["name"] ?? "")")
                houses[session.id] = House(name: session.claims["name"] ?? "")
            case .detached(let id): note("detached \(houses[id]?.name ?? "")")
            case .returned(let session): note("returned \(session.claims["name"] ?? "")")
            case .left(let id, let reason):
                note("left \(houses[id]?.name ?? "") \(reason)")
                houses[id] = nil
            case .input(let input): apply(input, &tick)
            case .message(let message):
                tick.send([UInt8](message.bytes), toFront: message.front)
                if let session = message.session { tick.send([1], to: session) }
            default: break
            }
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        switch input.bytes.text {
        case "shout"?: tick.sendToAll(Array("hear".utf8))
        case "go"?: tick.dismiss(input.session, "gone with the wind")
        case "still"?: break
        case let text?:
            guard let coins = Int32(text) else { return tick.refuse(input, "not a number") }
            houses[input.session]?.coins += coins
        case nil: tick.refuse(input, "not a text")
        }
    }

    private func note(_ text: String) { log[log.count] = Entry(text: text) }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
