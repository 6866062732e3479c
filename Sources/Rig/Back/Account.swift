import State

/// What the ledger knows of one session since this lineage began.
package struct Account: Row, Equatable {
    /// The first serial that came, 0 before it.
    package var first: Int64 = 0
    /// The highest serial that came.
    package var highest: Int64 = 0
    package var applied: Int64 = 0
    package var refused: Int64 = 0
    /// Inputs that came although they, or one behind them, had come before.
    package var twice: Int32 = 0
    /// Inputs that had not come when one behind them did.
    package var missing: Int64 = 0

    package static let schema = Schema<Account>(
        .field("first", \.first), .field("highest", \.highest), .field("applied", \.applied),
        .field("refused", \.refused), .field("twice", \.twice), .field("missing", \.missing))

    package init() {}

    /// Takes in an input. A session's first of a lineage may have any number: what came before is another lineage's.
    package mutating func take(_ input: RigInput) {
        let serial = Int64(bitPattern: input.serial)
        if first == 0 {
            first = serial
        } else if serial <= highest {
            twice += 1
            return
        } else {
            missing += serial - highest - 1
        }
        highest = serial
        if input.isRefused { refused += 1 } else { applied += 1 }
    }

    /// A number that is another one for nearly every other account; sums of them do not depend on the order.
    package func digest(_ session: SessionNumber) -> UInt64 {
        var sum = session.rawValue &* 0x9E37_79B9_7F4A_7C15
        for value in [first, highest, applied, refused, Int64(twice), missing] {
            sum = (sum ^ UInt64(bitPattern: value)) &* 0xBF58_476D_1CE4_E5B9
            sum ^= sum >> 29
        }
        return sum
    }
}

/// The ledger's one row that changes each tick: with it a reader can tell at every version whether it holds all of that version
/// and nothing else.
struct Beat: Row, Equatable {
    /// Counts the versions of this lineage: one beat, one version.
    var count: Int64 = 0
    /// The sum of all accounts' digests.
    var digest: UInt64 = 0

    static let schema = Schema<Beat>(.field("count", \.count), .field("digest", \.digest))
}
