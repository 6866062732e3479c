import Glibc

/// Logarithms, and the growth that points show.
package enum Logarithm {
    package static func ten(_ value: Double) -> Double {
        let answer = log10(value)
        // A power of ten is met exactly.
        return abs(answer - answer.rounded()) < 1e-12 ? answer.rounded() : answer
    }

    /// The k of cost = c · size^k that fits the points best (least squares of the logarithms): 1 is a straight line, less is better.
    /// Nil with fewer than two sizes. Points with a cost of zero are left out.
    package static func exponent(_ points: [Plot.Point]) -> Double? {
        let logs = points.filter { $0.x > 0 && $0.y > 0 }.map { (log($0.x), log($0.y)) }
        let count = Double(logs.count)
        let (meanX, meanY) = (logs.reduce(0) { $0 + $1.0 } / count, logs.reduce(0) { $0 + $1.1 } / count)
        let spread = logs.reduce(0) { $0 + ($1.0 - meanX) * ($1.0 - meanX) }
        guard logs.count > 1, spread > 0 else { return nil }
        return logs.reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
    }
}
