import State

/// An accepted entry of the job queue. The hub's term in the upper 24 bits, a counter in the lower 40: it only grows, also
/// over restarts of the hub, without a disk write. Ties of deadlines go by it, so equal deadlines are first come, first served.
package struct JobID: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One run of a job: (term, n) from the same counter as `JobID`, so it says which requests came before the run began. A result
/// with any token but the current one is late and is not taken.
package struct JobToken: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The hub's reign that granted it.
    package var term: UInt32 { UInt32(truncatingIfNeeded: rawValue >> JobNumbering.counterBits) }
}

/// A worker's line to the hub, numbered by the shell, never used again.
package struct JobWorkerID: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Where job ids and tokens come from.
struct JobNumbering: Sendable {
    static let counterBits: UInt64 = 40
    private(set) var latest: UInt64

    init(term: UInt32) { latest = UInt64(term) << Self.counterBits }

    mutating func next() -> UInt64 {
        latest += 1
        return latest
    }
}
