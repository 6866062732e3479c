/// One plot of a report: lines over two axes.
package struct Plot: Equatable, Sendable {
    package enum Scale: Equatable, Sendable { case linear, logarithmic }

    package struct Point: Equatable, Sendable {
        package var x: Double
        package var y: Double

        package init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    package struct Line: Equatable, Sendable {
        package var name: String
        /// By x, ascending.
        package var points: [Point]

        package init(_ name: String, _ points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    package struct Axis: Equatable, Sendable {
        package var label: String
        package var scale: Scale

        package init(_ label: String, _ scale: Scale = .linear) {
            self.label = label
            self.scale = scale
        }
    }

    package var title: String
    package var x: Axis
    package var y: Axis
    package var lines: [Line]

    package init(_ title: String, x: Axis, y: Axis, lines: [Line]) {
        self.title = title
        self.x = x
        self.y = y
        self.lines = lines
    }
}

/// From values to places on an axis, and the values that are written beside it.
package struct PlotAxis: Equatable {
    package let low: Double
    package let high: Double
    package let scale: Plot.Scale
    /// Values with a mark, ascending, from `low` to `high`.
    package let marks: [Double]

    /// An axis that holds all values: from zero when linear, over whole decades when logarithmic, where only values above zero
    /// count.
    package init(_ values: [Double], _ scale: Plot.Scale) {
        self.scale = scale
        switch scale {
        case .linear:
            let most = max(values.max() ?? 1, 1e-9)
            var step = PlotAxis.power(PlotAxis.decade(most))
            while most / step < 3 { step /= 2 }
            while most / step > 6 { step *= 2 }
            let count = Int((most / step - 1e-9).rounded(.up))
            low = 0
            high = Double(count) * step
            marks = (0...count).map { Double($0) * step }
        case .logarithmic:
            let positive = values.filter { $0 > 0 }
            let first = PlotAxis.decade(positive.min() ?? 1)
            var last = PlotAxis.decade(positive.max() ?? 10)
            if (positive.max() ?? 10) > PlotAxis.power(last) * 1.000_001 { last += 1 }
            if last == first { last += 1 }
            low = PlotAxis.power(first)
            high = PlotAxis.power(last)
            marks = (first...last).map(PlotAxis.power)
        }
    }

    /// The place of a value, 0 at `low` to 1 at `high`.
    package func place(of value: Double) -> Double {
        switch scale {
        case .linear: return (value - low) / (high - low)
        case .logarithmic: return PlotAxis.digits(max(value, low) / low) / PlotAxis.digits(high / low)
        }
    }

    /// The power of ten that is at most `value`.
    private static func decade(_ value: Double) -> Int { Int(digits(value).rounded(.down)) }

    /// Ten to the n, to the last digit.
    private static func power(_ exponent: Int) -> Double {
        Double("1e\(exponent)") ?? 1
    }

    private static func digits(_ value: Double) -> Double { Logarithm.ten(value) }
}
