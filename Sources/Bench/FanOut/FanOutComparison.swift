/// Runs of the product and the reference in turn.
package struct FanOutComparison: Codable, Equatable {
    package private(set) var product: [FanOutResult] = []
    package private(set) var reference: [FanOutResult] = []
    /// The front's CPU per delivery over the reference's: of each pair, sorted, and the middle one.
    package private(set) var ratios: [Double] = []
    package private(set) var medianRatio = 0.0
    /// The middle of how far the reference's runs lie from their median: how far apart two runs of one thing are here.
    package private(set) var noise: Double?

    package mutating func add(_ product: FanOutResult, _ reference: FanOutResult) {
        self.product.append(product)
        self.reference.append(reference)
        ratios.append(product.front.perDelivery / max(0.001, reference.front.perDelivery))
        ratios.sort()
        medianRatio = Self.median(ratios)
        let costs = self.reference.map(\.front.perDelivery)
        let middle = Self.median(costs)
        noise = costs.count < 2 ? nil : Self.median(costs.map { abs($0 / middle - 1) })
    }

    package var isComplete: Bool { (product + reference).allSatisfy(\.isComplete) }

    package var table: String {
        guard let last = product.last else { return "" }
        func costs(_ results: [FanOutResult]) -> String {
            results.map { FigureText.fixed($0.front.perDelivery, 2) }.joined(separator: "  ")
        }
        let rows = [
            ("product, µs of CPU a delivery", costs(product)),
            ("reference", costs(reference)),
            (
                "ratio",
                "\(FigureText.fixed(medianRatio, 3)) (median of \(ratios.count), from "
                    + "\(FigureText.fixed(ratios.first ?? 0, 3)) to \(FigureText.fixed(ratios.last ?? 0, 3)))"
            ),
            (
                "noise",
                noise.map { "half of the reference's runs are within \(FigureText.fixed($0 * 100, 1)) % of its median" }
                    ?? "–"
            ),
            (
                "complete",
                isComplete ? "every client got every version, in all runs" : "NO: deliveries were missing or wrong"
            ),
        ]
        return last.table + "\n" + (reference.last?.table ?? "") + "\n" + TextTable.columns(rows)
    }

    package static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
