/// How long to wait before the next restart: exponential, with a quarter of jitter either way.
///
/// The jitter keeps processes that died together from starting together. The generator is seeded by whoever makes it, so a
/// run can be repeated.
package struct Backoff: Sendable, Equatable {
    private let first: Duration
    private let limit: Duration
    private var dice: UInt64
    /// Waits since the last reset.
    package private(set) var waitCount = 0

    package init(first: Duration, limit: Duration, seed: UInt64) {
        self.first = first
        self.limit = limit
        dice = seed
    }

    /// The next wait: `first` at first, then doubled up to `limit`, each times 0.75 to 1.25.
    package mutating func next() -> Duration {
        var wait = first
        for _ in 0..<waitCount where wait < limit { wait *= 2 }
        waitCount += 1
        return min(wait, limit) * (0.75 + 0.5 * roll())
    }

    /// The next wait is the first one again.
    package mutating func reset() { waitCount = 0 }

    /// SplitMix64, mapped to 0 ..< 1.
    private mutating func roll() -> Double {
        dice &+= 0x9e37_79b9_7f4a_7c15
        var value = dice
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return Double((value ^ value >> 31) >> 11) * 0x1p-53
    }
}
