/// How long the turns of a loop took, from the first callback to the last turn-end body: for so long nobody else was answered. The
/// clock is the wall's, so what the machine gave to others meanwhile is in it.
package struct TurnTimes: Sendable {
    /// Turns of at most 2^n microseconds, not cumulative; the last for all above.
    package private(set) var counts = [UInt64](repeating: 0, count: 18)
    package private(set) var sumNanoseconds: UInt64 = 0
    /// The longest since the loop was made.
    package private(set) var longestNanoseconds: UInt64 = 0

    package init() {}

    /// Upper bounds of all but the last count, in seconds: 1 µs … 65.5 ms.
    package var bounds: [Double] { (0..<counts.count - 1).map { Double(1 << $0) / 1e6 } }

    package mutating func record(_ nanoseconds: UInt64) {
        sumNanoseconds &+= nanoseconds
        if nanoseconds > longestNanoseconds { longestNanoseconds = nanoseconds }
        let microseconds = nanoseconds / 1000 + (nanoseconds % 1000 > 0 ? 1 : 0)
        // 0 and 1 share the first bucket, then 2, 3…4, 5…8.
        let bucket = microseconds < 2 ? 0 : UInt64.bitWidth - (microseconds - 1).leadingZeroBitCount
        counts[min(bucket, counts.count - 1)] += 1
    }
}
