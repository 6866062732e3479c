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

    /// An axis that holds all values: from zero when linear, from 1, 2 or 5 of a decade when logarithmic, where only values above
    /// zero count.
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
            let (least, most) = (positive.min() ?? 1, positive.max() ?? 10)
            let decades = PlotAxis.decade(least)...PlotAxis.decade(most) + 1
            let steps = decades.flatMap { decade in [1.0, 2, 5].map { $0 * PlotAxis.power(decade) } }
            // A hair's breadth for what a division left over.
            low = steps.last { $0 <= least * 1.000_001 } ?? steps[0]
            let floor = low
            high = steps.first { $0 >= most * 0.999_999 && $0 > floor } ?? steps[steps.count - 1]
            let ceiling = high
            let within = steps.filter { $0 >= floor && $0 <= ceiling }
            marks = ceiling / floor > 100 ? decades.map(PlotAxis.power).filter(within.contains) : within
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
