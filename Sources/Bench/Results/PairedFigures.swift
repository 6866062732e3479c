/// A cost of the product and of the reference, measured in turn: product, reference, product, reference …
package struct PairedFigures: Codable, Equatable, Sendable {
    package private(set) var product: [Double] = []
    package private(set) var reference: [Double] = []

    package init() {}

    /// Adds the two runs of one pair.
    package mutating func add(product: Double, reference: Double) {
        self.product.append(product)
        self.reference.append(reference)
    }

    /// The product's cost over the reference's, of each pair, sorted.
    package var ratios: [Double] {
        zip(product, reference).map { $1 > 0 ? $0 / $1 : .infinity }.sorted()
    }

    package var medianRatio: Double { Self.median(ratios) }

    /// The middle half of the reference's runs against their median: how far apart two runs of one thing are here. Nil with
    /// fewer than two pairs.
    package var noise: Double? {
        guard reference.count > 1 else { return nil }
        let middle = Self.median(reference)
        guard middle > 0 else { return nil }
        return Self.median(reference.map { abs($0 / middle - 1) })
    }

    /// `1.12 (of 15, 1.08–1.20; noise 2.1 %)`
    package var text: String {
        let ratios = ratios
        guard let low = ratios.first, let high = ratios.last else { return "–" }
        let spread = "\(FigureText.fixed(low, 2))–\(FigureText.fixed(high, 2))"
        let noise = noise.map { "; noise \(FigureText.fixed($0 * 100, 1)) %" } ?? ""
        return "\(FigureText.fixed(medianRatio, 2)) (of \(ratios.count), \(spread)\(noise))"
    }

    package static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
