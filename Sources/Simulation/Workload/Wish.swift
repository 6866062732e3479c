/// What a simulated client asks of its channel, as the text `[client,index,channel,kind,key,value]`: JSON, so that clients of
/// both forms can say it.
struct Wish: Equatable {
    enum Kind: Int, CaseIterable {
        /// Replaces a cell whole.
        case put
        /// Adds to a cell's value.
        case add
        case remove
        /// Changes nothing.
        case nothing
        /// Is to be refused.
        case refuse
        /// Is answered by a message.
        case say
        /// Makes a cell's text long.
        case fill
    }

    /// Who says it: its place among the clients.
    var client: Int
    /// The client's own count of everything that it ever said, from 1.
    var index: Int
    /// The place of the channel that it is meant for.
    var channel: Int
    var kind: Kind
    var key: Int
    var value: Int

    var bytes: [UInt8] { Array("[\(client),\(index),\(channel),\(kind.rawValue),\(key),\(value)]".utf8) }

    init(client: Int, index: Int, channel: Int, kind: Kind, key: Int, value: Int) {
        self.client = client
        self.index = index
        self.channel = channel
        self.kind = kind
        self.key = key
        self.value = value
    }

    /// Nil if the bytes are no wish.
    init?(_ bytes: some Sequence<UInt8>) {
        var numbers: [Int] = []
        var number = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number &* 10 &+ Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: ","), UInt8(ascii: "]"):
                numbers.append(number)
                number = 0
            default: continue
            }
        }
        guard numbers.count == 6, let kind = Kind(rawValue: numbers[3]) else { return nil }
        self.init(
            client: numbers[0], index: numbers[1], channel: numbers[2], kind: kind, key: numbers[4], value: numbers[5])
    }
}
