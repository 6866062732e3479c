import BackChannel
import FoundationEssentials

/// What a player wants, out of the JSON that its page sends.
enum Move {
    case move(Float, Float)
    case name(String)
    case bots(Int)
    case invalid(String)

    init(_ bytes: Bytes) {
        guard bytes.count <= 256, let wish = try? JSONDecoder().decode(Wish.self, from: Data(bytes)) else {
            self = .invalid("send {\"move\":[dx,dy]}, {\"name\":\"…\"} or {\"bots\":n}")
            return
        }
        switch (wish.move, wish.name, wish.bots) {
        case (let step?, nil, nil):
            guard step.count == 2, step.allSatisfy(\.isFinite) else {
                self = .invalid("a move is two numbers")
                return
            }
            self = .move(step[0], step[1])
        case (nil, let name?, nil):
            let trimmed = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            guard !trimmed.isEmpty, trimmed.count <= Field.nameLimit else {
                self = .invalid("a name has 1 to \(Field.nameLimit) characters")
                return
            }
            self = .name(String(String.UnicodeScalarView(trimmed)))
        case (nil, nil, let count?):
            guard (0...Field.botLimit).contains(count) else {
                self = .invalid("there may be 0 to \(Field.botLimit) bots")
                return
            }
            self = .bots(count)
        default:
            self = .invalid("one wish at a time: move, name or bots")
        }
    }

    private struct Wish: Decodable {
        var move: [Float]?
        var name: String?
        var bots: Int?
    }
}
