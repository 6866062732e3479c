/// The promises of the design that are watched, and what the run itself owes.
package enum Promise: String, Sendable, CaseIterable {
    /// Inputs: in order, at most once, exactly once where the back lives on; each ends.
    case g1 = "G1"
    /// States: what a client holds is the back's.
    case g2 = "G2"
    /// No silent gap.
    case g3 = "G3"
    /// Nobody slow delays another.
    case g4 = "G4"
    /// One back acts.
    case g5 = "G5"
    /// Everything has a limit.
    case g8 = "G8"
    /// Bad bytes end their own connection only.
    case g9 = "G9"
    /// When the faults are over everything becomes right within a bounded time.
    case liveness = "liveness"
}

/// A promise that did not hold.
package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package let promise: Promise
    /// What was seen, with the names of those concerned.
    package let what: String
    /// Seconds of simulated time since the world began.
    package let seconds: Double

    package var description: String { "\(promise.rawValue) at \(seconds) s: \(what)" }
}
