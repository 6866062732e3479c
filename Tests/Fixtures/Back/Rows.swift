import BackChannel

/// A session in a room.
struct Player: Row {
    /// Inputs that were applied.
    var inputs: Int32 = 0
    var sum: Int64 = 0
    /// The exact text of its last input that was a note.
    var text = ""
    var isHere = true

    static let schema = Schema<Player>(
        .field("inputs", \.inputs), .field("sum", \.sum), .field("text", \.text), .field("isHere", \.isHere))
}

/// Something that sessions leave behind under a name.
struct Thing: Row {
    var value: Int32 = 0
    var size: Float = 0

    static let schema = Schema<Thing>(.field("value", \.value), .field("size", \.size))
}

/// An event that the rule saw, in order.
struct Entry: Row {
    var event = ""
    var session = ""

    static let schema = Schema<Entry>(.field("event", \.event), .field("session", \.session))
}

/// One of each type that the text form writes in a way of its own.
struct Sample: Row {
    var big: Int64 = 0
    var huge: UInt64 = 0
    var small: Int16 = 0
    var isOn = false
    var ratio: Double = 0
    var bytes: [UInt8] = []
    var missing: Int32?
    var nan: Double = 0
    var above: Float = 0
    var below: Double = 0

    static let schema = Schema<Sample>(
        .field("big", \.big), .field("huge", \.huge), .field("small", \.small), .field("isOn", \.isOn),
        .field("ratio", \.ratio), .field("bytes", \.bytes), .field("missing", \.missing), .field("nan", \.nan),
        .field("above", \.above), .field("below", \.below))

    static let telling = Sample(
        big: .min, huge: .max, small: -7, isOn: true, ratio: 0.5, bytes: [0, 1, 254, 255], missing: nil, nan: .nan,
        above: .infinity, below: -.infinity)
}
