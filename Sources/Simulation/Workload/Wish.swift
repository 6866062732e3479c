import Core

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
        /// Takes a cell, with its row, out of everybody's sight but that of an audience.
        case hide
        /// Shows a hidden cell to everyone.
        case show
        /// Enters an audience, and leaves it.
        case enter, leave

        /// Some kind or other, and some more often.
        static func some(_ dice: inout Dice) -> Kind {
            switch dice.below(26) {
            case 0..<7: .put
            case 7..<11: .add
            case 11..<14: .remove
            case 14: .nothing
            case 15, 16: .refuse
            case 17: .say
            case 18: dice.chance(1, in: 4) ? .fill : .put
            case 19, 20: .hide
            case 21: .show
            case 22, 23: .enter
            case 24: .leave
            default: .add
            }
        }
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
