import BackChannel

/// Somebody on the field.
struct Player: Row {
    var name = ""
    var x: Float = 0
    var y: Float = 0
    var score: Int32 = 0
    /// The colour, as an angle on the colour wheel in steps of 360/256 degrees.
    var hue: UInt8 = 0
    var bot = false

    static let schema = Schema<Player>(
        .field("name", \.name), .field("x", \.x, step: 0.1), .field("y", \.y, step: 0.1), .field("score", \.score),
        .field("hue", \.hue), .field("bot", \.bot))
}

/// Something worth a point.
struct Coin: Row {
    var x: Float = 0
    var y: Float = 0

    static let schema = Schema<Coin>(.field("x", \.x, step: 0.1), .field("y", \.y, step: 0.1))
}

/// The field that everything happens on.
enum Field {
    static let width: Float = 1000
    static let height: Float = 600
    /// How far one move goes at most, along each axis.
    static let stride: Float = 12
    /// How close a player must come to a coin to take it.
    static let reach: Float = 22
    static let coinCount = 24
    static let botLimit = 50
    static let nameLimit = 24
}
