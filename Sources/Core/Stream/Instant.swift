/// A point on the shell's monotonic clock, in nanoseconds. Cores are told the time; they never look.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (left: Instant, right: Duration) -> Instant {
        Instant(nanoseconds: left.nanoseconds &+ UInt64(bitPattern: right.wholeNanoseconds))
    }

    /// How long from `earlier` to here; negative if it is later.
    package func since(_ earlier: Instant) -> Duration {
        .nanoseconds(Int64(bitPattern: nanoseconds &- earlier.nanoseconds))
    }

    package var description: String { "\(Double(nanoseconds) / 1e9) s" }
}

extension Duration {
    /// In nanoseconds, what is below one cut off.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
