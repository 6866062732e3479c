/// One place of a latency distribution: of so many deliveries one took longer than so long.
package struct LatencyPlace: Codable, Equatable, Sendable {
    /// One in so many is later.
    package var oneIn: Double
    package var milliseconds: Double
}

extension LatencyHistogram {
    /// The distribution at 1, 2, 5, 10, 20 … as far as the count bears it.
    package var curve: [LatencyPlace] {
        var (places, size) = ([LatencyPlace](), 1.0)
        while size <= Double(count) {
            for step in [1.0, 2, 5] where size * step <= Double(count) && size * step > 1 {
                let oneIn = size * step
                places.append(
                    LatencyPlace(
                        oneIn: oneIn, milliseconds: Double(percentile(1 - 1 / oneIn) ?? 0) / 1e6))
            }
            size *= 10
        }
        return places
    }
}

extension Plot {
    /// Latency distributions beside one another.
    package static func latency(_ curves: [(String, [LatencyPlace])], _ title: String = "Latency") -> Plot {
        Plot(
            title, x: Axis("of so many deliveries one is later", .logarithmic), y: Axis("milliseconds", .logarithmic),
            lines: curves.filter { !$0.1.isEmpty }.map { name, places in
                Line(name, places.map { Point($0.oneIn, $0.milliseconds) })
            })
    }
}
