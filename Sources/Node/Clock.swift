import Core
import Glibc
import Loop

extension EventLoop {
    /// The loop's clock, as the cores want it.
    package var now: Instant { Instant(nanoseconds: nowNanoseconds) }
}

/// The calendar, which only tokens need.
package enum WallClock {
    /// Seconds since 1970 at the monotonic clock's zero.
    package static func unixSecondsAtZero(_ now: Instant) -> UInt64 {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return UInt64(wall.tv_sec) - now.nanoseconds / 1_000_000_000
    }
}

/// Seeds from the kernel, for the cores' dice.
package enum Entropy {
    package static func seed() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
