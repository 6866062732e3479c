import BackChannel
import FoundationEssentials

/// What an input asks for: one JSON object, usually with one member.
struct Wish: Decodable {
    /// Adds to the sender's sum.
    var add: Int64?
    /// Keeps the input's exact text.
    var note: Anything?
    /// Refuses the input with this reason.
    var refuse: String?
    /// Sends a message with this text to the sender.
    var tell: String?
    /// Sends a message with this text to everyone.
    var tellAll: String?
    /// Sends a message to another channel.
    var post: Post?
    /// Sends a message with this text to all fronts, to those that are linked, or to one by its name.
    var allFronts: String?
    var linkedFronts: String?
    var front: Post?
    /// Ends the stay of the session with this id, or of the sender ("me").
    var dismiss: String?
    /// Keeps the tick busy for so many milliseconds.
    var slow: Int?
    /// Changes the channel's rate, in ticks a second.
    var rate: Double?
    /// Changes things by dice of this seed.
    var dice: UInt64?
    /// Writes a row with one of each type.
    var sample: Bool?
    /// Replaces all things by so many new ones.
    var replace: Int?

    /// Puts the sender into an audience, or takes it out.
    var enter: String?
    var leave: String?
    /// Puts a thing into an audience: a name, `everyone`, `nobody` or `me`; made if it is not there.
    var move: Move?

    struct Post: Decodable {
        var to: String
        var text: String
    }

    struct Move: Decodable {
        var thing: String
        var to: String
    }
    /// Ends the process, as a mistake in a rule does.
    var trap: Bool?

    struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    init?(_ bytes: Bytes) {
        guard let wish = try? JSONDecoder().decode(Wish.self, from: Data(bytes)) else { return nil }
        self = wish
    }
}
