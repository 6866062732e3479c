import State

enum Mood: UInt8, CaseIterable {
    case calm = 0
    case glad = 7
    case grim = 255
}
enum Side: String, CaseIterable {
    case red
    case blue = "blåbär"
    case none = ""
}
enum Tide: Int64, CaseIterable {
    case low = -9_223_372_036_854_775_808
    case high = 9_223_372_036_854_775_807
}

/// A row with a field of every type there is.
struct Everything: Row {
    var bool = false
    var int8: Int8 = 0, int16: Int16 = 0, int32: Int32 = 0, int64: Int64 = 0, int = 0
    var uint8: UInt8 = 0, uint16: UInt16 = 0, uint32: UInt32 = 0, uint64: UInt64 = 0, uint: UInt = 0
    var float: Float = 0, double = 0.0
    var text = "", bytes: [UInt8] = []
    var fine: Float = 0, coarse = 0.0
    var mood = Mood.calm, side = Side.red
    var maybeBool: Bool?, maybeInt32: Int32?, maybeUInt64: UInt64?, maybeFloat: Float?, maybeDouble: Double?
    var maybeText: String?, maybeBytes: [UInt8]?, maybeFine: Double?, maybeCoarse: Float?
    var maybeSide: Side?, maybeTide: Tide?

    static let schema = Schema<Everything>(
        .field("bool", \.bool), .field("int8", \.int8), .field("int16", \.int16), .field("int32", \.int32),
        .field("int64", \.int64), .field("int", \.int), .field("uint8", \.uint8), .field("uint16", \.uint16),
        .field("uint32", \.uint32), .field("uint64", \.uint64), .field("uint", \.uint), .field("float", \.float),
        .field("double", \.double), .field("text", \.text), .field("bytes", \.bytes),
        .field("fine", \.fine, step: 0.01), .field("coarse", \.coarse, step: 8),
        .field("mood", \.mood), .field("side", \.side), .field("maybeBool", \.maybeBool),
        .field("maybeInt32", \.maybeInt32), .field("maybeUInt64", \.maybeUInt64),
        .field("maybeFloat", \.maybeFloat), .field("maybeDouble", \.maybeDouble), .field("maybeText", \.maybeText),
        .field("maybeBytes", \.maybeBytes), .field("maybeFine", \.maybeFine, step: 0.001),
        .field("maybeCoarse", \.maybeCoarse, step: 0.5), .field("maybeSide", \.maybeSide),
        .field("maybeTide", \.maybeTide))

    /// A row of values that tend to be extreme.
    static func random(_ dice: inout Dice) -> Everything {
        var row = Everything()
        for _ in 0..<1 + dice.below(12) { row.vary(&dice) }
        return row
    }

    /// Writes one field, often with a value at an edge, sometimes with the one it has.
    mutating func vary(_ dice: inout Dice) {
        switch dice.below(30) {
        case 0: bool.toggle()
        case 1: int8 = dice.pick([.min, -1, 0, 1, .max])
        case 2: int16 = dice.pick([.min, -1, 0, 1, .max])
        case 3: int32 = dice.pick([.min, -1, 0, 64, .max])
        case 4: int64 = dice.pick([.min, -1, 0, 8192, .max])
        case 5: int = dice.pick([.min, -64, 0, 63, .max])
        case 6: uint8 = dice.pick([0, 127, 128, .max])
        case 7: uint16 = dice.pick([0, 16_383, 16_384, .max])
        case 8: uint32 = dice.pick([0, 2_097_152, 268_435_456, .max])
        case 9: uint64 = dice.pick([0, 1 << 32, 1 << 40, 1 << 56, .max])
        case 10: uint = dice.pick([0, 1, .max])
        case 11: float = dice.pick(Self.floats)
        case 12: double = dice.pick(Self.doubles)
        case 13: text = dice.pick(Self.texts)
        case 14: bytes = dice.pick([[], [0], [0xF5, 0xF6], Array(repeating: 7, count: 300)])
        case 15: fine = dice.pick(Self.floats)
        case 16: coarse = dice.pick(Self.doubles)
        case 17: mood = dice.pick(Mood.allCases)
        case 18: side = dice.pick(Side.allCases)
        case 19: maybeBool = dice.pick([nil, false, true])
        case 20: maybeInt32 = dice.pick([nil, .min, 0, .max])
        case 21: maybeUInt64 = dice.pick([nil, 0, .max])
        case 22: maybeFloat = dice.pick([nil] + Self.floats)
        case 23: maybeDouble = dice.pick([nil] + Self.doubles)
        case 24: maybeText = dice.pick([nil] + Self.texts)
        case 25: maybeBytes = dice.pick([nil, [], [1, 2, 3]])
        case 26: maybeFine = dice.pick([nil] + Self.doubles)
        case 27: maybeCoarse = dice.pick([nil] + Self.floats)
        case 28: maybeSide = dice.pick([nil] + Side.allCases)
        default: maybeTide = dice.pick([nil] + Tide.allCases)
        }
    }

    static let floats: [Float] = [
        0, -0.0, 1, -1.5, 0.1, 16_777_216, 1_000_000.06, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity,
        -.infinity, .nan, -.nan, .signalingNaN, .pi,
    ]
    static let doubles: [Double] = [
        0, -0.0, 1, -1.5, 0.1, 3.0004, 9_007_199_254_740_991, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        .infinity, -.infinity, .nan, .signalingNaN, .pi, 12.000_499,
    ]
    static let texts = ["", "a", "hello", "\u{e9}", "e\u{301}", "\u{0}", "🏳️‍🌈", String(repeating: "long ", count: 60)]
}
