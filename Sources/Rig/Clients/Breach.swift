/// A promise that was not held, as a client or the rig saw it. The raw value is its name in the report.
enum Breach: String, Codable, CaseIterable, Sendable {
    /// An input that had come, came again.
    case twice
    /// An input that had not come when one behind it did, or that was acked and is not in the account.
    case lost
    /// A state that is not the one of its version: something is missing in it, or too much.
    case silentGap = "silent gap"
    /// A commit below the one before it, within a lineage.
    case backwards
    /// An ack before the state shows what it acks.
    case early = "acked before it was seen"
    /// A refusal that the rule did not speak.
    case refusedForNothing = "refused for nothing"
    /// An input whose outcome nobody knows, although no back was lost.
    case undecided = "undecided for nothing"
    /// An input that is neither acked nor refused nor undecided at the end.
    case open = "without an outcome"
    /// A client that was told to go away.
    case thrownOut = "thrown out"
    /// A connection that ended although nobody ended it.
    case cut = "disconnected for nothing"
    /// A mirror whose state hash was not the back's.
    case disagreement = "state hash differs"
    /// At the end, a client's bytes that are not the back's.
    case unequal = "not the back's bytes"
    /// A connection that was not let in, or not answered.
    case notServed = "not served"
    /// A process that was started although it lived, or that is gone.
    case process = "wrong processes"
}

/// What was breached how often, with a few words on the first of each kind.
struct Breaches: Codable, Equatable, Sendable {
    private(set) var counts: [String: Int] = [:]
    private(set) var examples: [String: String] = [:]

    var isEmpty: Bool { counts.isEmpty }
    subscript(_ breach: Breach) -> Int { counts[breach.rawValue] ?? 0 }

    mutating func note(_ breach: Breach, _ example: @autoclosure () -> String, count: Int = 1) {
        guard count > 0 else { return }
        counts[breach.rawValue, default: 0] += count
        if examples[breach.rawValue] == nil { examples[breach.rawValue] = example() }
    }

    mutating func add(_ other: Breaches) {
        counts.merge(other.counts) { $0 + $1 }
        examples.merge(other.examples) { old, _ in old }
    }
}
