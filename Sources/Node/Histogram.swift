import Core

/// Durations, counted into buckets that double: what Prometheus wants, and nothing more.
package struct Histogram: Sendable {
    /// Upper bounds in seconds.
    package let bounds: [Double]
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0

    /// Bounds from `first`, doubling `count` times.
    package init(first: Double = 0.000_05, count: Int = 14) {
        bounds = (0..<count).map { first * Double(1 << $0) }
        counts = Array(repeating: 0, count: count + 1)
    }

    package mutating func record(_ duration: Duration) {
        let seconds = Double(duration.wholeNanoseconds) / 1e9
        sum += seconds
        let bucket = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        counts[bucket] += 1
    }

    package var report: ProcessReport.Histogram { ProcessReport.Histogram(bounds: bounds, counts: counts, sum: sum) }
}
