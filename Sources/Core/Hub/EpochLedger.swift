/// Where epochs come from: the term of this reign and a counter of assignments in it.
///
/// The shell keeps both in a synced file of the state folder and writes them *before* it uses an epoch, so no epoch is ever
/// granted twice. Each start of a hub is a new reign.
package struct EpochLedger: Sendable, Equatable, Codable {
    package private(set) var term: UInt32
    package private(set) var counter: UInt32

    package init(term: UInt32 = 0, counter: UInt32 = 0) {
        self.term = term
        self.counter = counter
    }

    /// The ledger of the reign after this one.
    package func nextReign() -> EpochLedger { EpochLedger(term: term + 1) }

    /// The highest epoch granted so far.
    package var latest: Epoch { Epoch(rawValue: UInt64(term) << 32 | UInt64(counter)) }

    /// A new epoch, greater than all before it. A counter that is used up begins a new term.
    package mutating func grant() -> Epoch {
        if counter == .max { self = nextReign() }
        counter += 1
        return latest
    }
}

extension Epoch {
    /// The master's term, and the assignment within it.
    package var term: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    package var assignment: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
