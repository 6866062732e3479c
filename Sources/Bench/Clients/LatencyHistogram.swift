/// Durations in nanoseconds, in buckets at most 1.6 % wide: 64 to each power of two. Histograms of several processes add up.
package struct LatencyHistogram: Codable, Equatable {
    private static let stepBits = 6
    package private(set) var counts: [UInt64] = []
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    package init() {}

    package mutating func record(_ nanoseconds: UInt64) {
        let bucket = Self.bucket(nanoseconds)
        if bucket >= counts.count { counts += [UInt64](repeating: 0, count: bucket + 1 - counts.count) }
        counts[bucket] += 1
        count += 1
        maximum = max(maximum, nanoseconds)
    }

    package mutating func add(_ other: LatencyHistogram) {
        if other.counts.count > counts.count {
            counts += [UInt64](repeating: 0, count: other.counts.count - counts.count)
        }
        for (bucket, more) in other.counts.enumerated() { counts[bucket] += more }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The value that `share` (0…1) of all are at most; nil if there are none.
    package func percentile(_ share: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, here) in counts.enumerated() {
            seen += here
            if seen >= wanted { return min(maximum, Self.upperBound(bucket)) }
        }
        return maximum
    }

    private static func bucket(_ value: UInt64) -> Int {
        let bits = UInt64.bitWidth - value.leadingZeroBitCount
        guard bits > stepBits + 1 else { return Int(value) }
        let shift = bits - stepBits - 1
        return (shift << stepBits) + Int(value >> UInt64(shift))
    }

    private static func upperBound(_ bucket: Int) -> UInt64 {
        let shift = bucket < 2 << stepBits ? 0 : (bucket >> stepBits) - 1
        return ((UInt64(bucket - (shift << stepBits)) + 1) << UInt64(shift)) - 1
    }
}
