/// What `bench lateness` measured. Field names are the JSON's.
package struct LatenessResult: Codable, Equatable, BenchResult {
    /// Pairs of runs at one rate.
    package struct AtRate: Codable, Equatable {
        package let hz: Double
        /// Median lateness of each run, in milliseconds.
        package var p50 = PairedFigures()
        /// Slots missed in each run.
        package var missed = PairedFigures()
        /// Milliseconds, each pair's.
        package var drift = PairedFigures()
        /// Milliseconds, all runs together.
        package var product: FanOutResult.Latency?
        package var reference: FanOutResult.Latency?
        package var distribution: [LatencyPlace] = []
        package var referenceDistribution: [LatencyPlace] = []
        package var ticks = 0
        private var all = LatencyHistogram()
        private var allOfReference = LatencyHistogram()

        package init(hz: Double) { self.hz = hz }

        package mutating func add(_ product: LatenessRun, _ reference: LatenessRun) {
            func middle(_ run: LatenessRun) -> Double { Double(run.lateness.percentile(0.5) ?? 0) / 1e6 }
            p50.add(product: middle(product), reference: middle(reference))
            missed.add(product: Double(product.missed), reference: Double(reference.missed))
            drift.add(product: Double(product.drift) / 1e6, reference: Double(reference.drift) / 1e6)
            ticks += product.ticks
            all.add(product.lateness)
            allOfReference.add(reference.lateness)
            self.product = FanOutResult.Latency(all)
            self.reference = FanOutResult.Latency(allOfReference)
            distribution = all.curve
            referenceDistribution = allOfReference.curve
        }

        /// The middle of the pairs' differences of medians, in milliseconds: at most 0.05 is wanted.
        package var p50Difference: Double {
            PairedFigures.median(zip(p50.product, p50.reference).map { $0 - $1 })
        }
    }

    package let load: Double
    package let seconds: Int
    package var rates: [AtRate] = []

    init(load: Double, seconds: Int) {
        self.load = load
        self.seconds = seconds
    }

    package var isComplete: Bool { !rates.isEmpty && rates.allSatisfy { $0.ticks > 0 } }

    package var plots: [Plot] {
        rates.map {
            .latency(
                [("product", $0.distribution), ("plain C", $0.referenceDistribution)],
                "Lateness at \(FigureText.fixed($0.hz, 0)) Hz, \(FigureText.percent(load)) busy")
        }
    }

    package var table: String {
        var text = "lateness: \(FigureText.percent(load)) busy, \(seconds) s a run\n"
        for rate in rates {
            func runs(_ values: [Double], _ digits: Int) -> String {
                "\(FigureText.fixed(PairedFigures.median(values), digits)) ("
                    + "\(FigureText.fixed(values.min() ?? 0, digits))–\(FigureText.fixed(values.max() ?? 0, digits)))"
            }
            text += "\(FigureText.fixed(rate.hz, 0)) Hz, \(FigureText.grouped(UInt64(rate.ticks))) ticks, "
            text += "\(rate.p50.product.count) pairs\n"
            text += TextTable.columns([
                ("product, ms", rate.product?.text ?? "–"), ("plain C, ms", rate.reference?.text ?? "–"),
                ("difference of the medians", "\(FigureText.fixed(rate.p50Difference, 3)) ms"),
                ("missed slots a run", "\(runs(rate.missed.product, 0)); plain C \(runs(rate.missed.reference, 0))"),
                ("drift, ms", "\(runs(rate.drift.product, 3)); plain C \(runs(rate.drift.reference, 3))"),
            ])
        }
        return text
    }
}
