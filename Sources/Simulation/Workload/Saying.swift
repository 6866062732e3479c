import Core

/// What a simulated client says beside its inputs, as the text `["say",client,number,kind,next]`: JSON, as wishes are.
struct Saying: Equatable {
    enum Kind: Int, CaseIterable {
        /// Is answered to whoever said it.
        case echo
        /// Is passed on to all sessions of the channel.
        case spread
        /// Is passed on to the next channel.
        case pass
        /// Is passed on to every front.
        case fronts
    }

    /// Who says it: its place among the clients.
    var client: Int
    /// The client's own count of everything that it said so, from 1.
    var number: Int
    var kind: Kind
    /// The index of the client's next wish: those from here on were said behind it.
    var nextIndex: Int

    var bytes: [UInt8] { Array("[\"say\",\(client),\(number),\(kind.rawValue),\(nextIndex)]".utf8) }

    init(client: Int, number: Int, kind: Kind, nextIndex: Int) {
        self.client = client
        self.number = number
        self.kind = kind
        self.nextIndex = nextIndex
    }

    /// Nil if the bytes are none.
    init?(_ bytes: some Sequence<UInt8>) {
        guard let numbers = Numbers.read(bytes, behind: "say"), numbers.count == 4,
            let kind = Kind(rawValue: numbers[2])
        else { return nil }
        self.init(client: numbers[0], number: numbers[1], kind: kind, nextIndex: numbers[3])
    }
}

/// What a channel says of a saying, as the text `["told",life,tick,number,kind,client]`: its own messages are counted too.
struct Telling: Equatable {
    /// Tells the lives of a channel apart.
    var life: Int
    var tick: Int
    /// The life's own count of everything that it told, from 1.
    var number: Int
    var kind: Saying.Kind
    /// Whose saying it is.
    var client: Int

    var bytes: [UInt8] { Array("[\"told\",\(life),\(tick),\(number),\(kind.rawValue),\(client)]".utf8) }

    init(life: Int, tick: Int, number: Int, kind: Saying.Kind, client: Int) {
        self.life = life
        self.tick = tick
        self.number = number
        self.kind = kind
        self.client = client
    }

    init?(_ bytes: some Sequence<UInt8>) {
        guard let numbers = Numbers.read(bytes, behind: "told"), numbers.count == 5,
            let kind = Saying.Kind(rawValue: numbers[3])
        else { return nil }
        self.init(life: numbers[0], tick: numbers[1], number: numbers[2], kind: kind, client: numbers[4])
    }
}

/// The texts of the workload: a word and numbers, as a JSON array.
enum Numbers {
    /// Nil if another word stands before them.
    static func read(_ bytes: some Sequence<UInt8>, behind word: String) -> [Int]? {
        var rest = Array(bytes)[...]
        let head = "[\"\(word)\",".utf8
        guard rest.starts(with: head) else { return nil }
        rest = rest.dropFirst(head.count)
        var numbers: [Int] = []
        var number = 0
        for byte in rest {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number &* 10 &+ Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: ","), UInt8(ascii: "]"):
                numbers.append(number)
                number = 0
            default: return nil
            }
        }
        return numbers
    }
}
