/// How one cost grows with one size. Field names are the JSON's.
package struct GrowthSeries: Codable, Equatable {
    package struct Point: Codable, Equatable {
        package var size: Double
        package var microseconds: Double

        package init(size: Double, microseconds: Double) {
            self.size = size
            self.microseconds = microseconds
        }
    }

    package struct Line: Codable, Equatable {
        package var name: String
        package var points: [Point]
        /// The k of cost = c · size^k that fits all points best, and that of the largest tenth of sizes, where what is paid once does
        /// not hide a growth.
        package var exponent: Double?
        package var lastExponent: Double?

        package init(_ name: String, _ points: [Point]) {
            self.name = name
            self.points = points
            let places = points.map { Plot.Point($0.size, $0.microseconds) }
            exponent = Logarithm.exponent(places)
            lastExponent = Logarithm.exponent(places.filter { $0.x >= (places.last?.x ?? 0) / 10 })
        }
    }

    /// The series' word on the command line.
    package var name: String
    /// What grows: `clients`.
    package var size: String
    /// What it costs: `µs of the front's CPU a delivery`.
    package var cost: String
    /// The exponent that a straight line has: 0 for a cost of one thing, 1 for that of all.
    package var straight: Double
    package var lines: [Line]

    package init(name: String, size: String, cost: String, straight: Double, lines: [Line]) {
        self.name = name
        self.size = size
        self.cost = cost
        self.straight = straight
        self.lines = lines
    }

    /// Whether a line grows no faster than a straight one. A tenth is left to the measurement, a quarter where few points are.
    package func isStraight(_ line: Line) -> Bool {
        (line.exponent ?? straight) <= straight + 0.1 && (line.lastExponent ?? straight) <= straight + 0.25
    }

    package var plot: Plot {
        Plot(
            "\(cost), by \(size)", x: Plot.Axis(size, .logarithmic), y: Plot.Axis(cost, .logarithmic),
            lines: lines.map { Plot.Line($0.name, $0.points.map { Plot.Point($0.size, $0.microseconds) }) })
    }

    package var table: String {
        var text = "\(cost), by \(size)\n"
        for line in lines {
            let points = line.points.map { "\(PlotDrawing.short($0.size)): \(FigureText.fixed($0.microseconds, 2))" }
            var growth = ""
            if let exponent = line.exponent, let last = line.lastExponent {
                growth =
                    "  grows as size^\(FigureText.fixed(exponent, 2)), at its end as size^\(FigureText.fixed(last, 2))"
                growth += isStraight(line) ? ": straight or better" : ": NOT STRAIGHT"
            }
            text += TextTable.columns([(line.name, points.joined(separator: "  ") + growth)])
        }
        return text
    }
}

/// What `bench growth` measured. Field names are the JSON's.
package struct GrowthResult: Codable, Equatable, BenchResult {
    package var series: [GrowthSeries] = []
    /// Deliveries a second that were due and that came, by clients.
    package var throughput: [Throughput] = []
    /// Of the fan-out to the most clients at 20 Hz.
    package var distribution: [LatencyPlace] = []

    package struct Throughput: Codable, Equatable {
        package var clients: Double
        package var due: Double
        package var came: Double
    }

    package init() {}

    package var isComplete: Bool { series.allSatisfy { $0.lines.allSatisfy { !$0.points.isEmpty } } }

    package var plots: [Plot] {
        var plots = series.map(\.plot)
        if !throughput.isEmpty {
            plots.append(
                Plot(
                    "Deliveries a second, by clients", x: Plot.Axis("clients", .logarithmic),
                    y: Plot.Axis("deliveries a second", .logarithmic),
                    lines: [
                        Plot.Line("due", throughput.map { Plot.Point($0.clients, $0.due) }),
                        Plot.Line("came", throughput.map { Plot.Point($0.clients, $0.came) }),
                    ]))
        }
        if !distribution.isEmpty { plots.append(.latency([("product", distribution)], "Latency of fan-out")) }
        return plots
    }

    package var table: String { series.map(\.table).joined(separator: "\n") }
}
