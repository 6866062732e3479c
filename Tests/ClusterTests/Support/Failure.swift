/// Why a test cannot go on, in words.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// An instant on the machine's steady clock: until when a test waits.
struct Bound {
    private let end: ContinuousClock.Instant

    init(_ duration: Duration) { end = .now + duration }

    var isOver: Bool { ContinuousClock.now >= end }

    /// What is left in whole milliseconds, for poll; at least 0.
    var milliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: end)
        return max(0, Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000))
    }
}
