/// One thing measured beside another: ratios of pairs that ran in turn, and what a row cost.
package struct StateMeasurement: Sendable {
    package let name: String
    /// The middle of the pairs' ratios, ours to theirs.
    package let ratio: Double
    /// The lowest and the highest of them.
    package let spread: ClosedRange<Double>
    /// Of the middle pairs, in nanoseconds.
    package let nanosecondsPerRow: Double
    package let referenceNanosecondsPerRow: Double

    init(name: String, pairs: [(ours: Duration, theirs: Duration)], rowCount: Int) {
        self.name = name
        let ratios = pairs.map { $0.ours / $0.theirs }.sorted()
        ratio = ratios[ratios.count / 2]
        spread = ratios[0]...ratios[ratios.count - 1]
        nanosecondsPerRow = Self.median(pairs.map(\.ours)) / Double(rowCount)
        referenceNanosecondsPerRow = Self.median(pairs.map(\.theirs)) / Double(rowCount)
    }

    private static func median(_ durations: [Duration]) -> Double {
        durations.sorted()[durations.count / 2] / .nanoseconds(1)
    }
}

extension StateMeasurement: CustomStringConvertible {
    package var description: String {
        func short(_ number: Double) -> String { String(Double(Int(number * 100 + 0.5)) / 100) }
        return "\(name): \(short(ratio))× (\(short(spread.lowerBound))–\(short(spread.upperBound))), "
            + "\(short(nanosecondsPerRow)) ns a row against \(short(referenceNanosecondsPerRow))"
    }
}
