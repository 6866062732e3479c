import Bench
import Testing

@Suite struct PlotTests {
    @Test(
        "An axis holds its values, with marks that people would write",
        arguments: [
            ([3.0, 97], Plot.Scale.linear, [0.0, 20, 40, 60, 80, 100]),
            ([0.4, 1.1], .linear, [0, 0.25, 0.5, 0.75, 1, 1.25]),
            ([10, 10_000], .logarithmic, [10, 100, 1000, 10_000]),
            ([0.03, 3], .logarithmic, [0.1, 1]), ([30, 70], .logarithmic, [20, 50, 100]),
            ([5], .logarithmic, [5, 10]), ([], .logarithmic, [1, 2, 5, 10]), ([0], .linear, nil),
        ] as [([Double], Plot.Scale, [Double]?)])
    func axes(_ values: [Double], _ scale: Plot.Scale, _ marks: [Double]?) {
        let axis = PlotAxis(values, scale)
        if let marks { #expect(axis.marks == marks) }
        #expect(axis.place(of: axis.low) == 0 && abs(axis.place(of: axis.high) - 1) < 1e-9)
        for value in values where value > 0 { #expect((0...1.000_001).contains(axis.place(of: value))) }
    }

    @Test("A tenth of the way of a logarithmic axis is a tenth of its decades") func logarithmic() {
        let axis = PlotAxis([1, 10_000], .logarithmic)
        #expect(abs(axis.place(of: 10) - 0.25) < 1e-9 && abs(axis.place(of: 1000) - 0.75) < 1e-9)
        #expect(axis.place(of: 0) == 0, "what has no logarithm stands at the low end")
    }

    @Test(
        "The exponent of growth is found",
        arguments: [(0.0, 3.0), (1, 0.5), (2, 7), (0.5, 1)])
    func exponents(_ exponent: Double, _ factor: Double) throws {
        var power = 1.0
        let root = [0.0: 1.0, 0.5: 10.0.squareRoot(), 1: 10, 2: 100][exponent]!
        let points = [1.0, 10, 100, 1000].map { size in
            defer { power *= root }
            return Plot.Point(size, factor * power)
        }
        #expect(abs(try #require(Logarithm.exponent(points)) - exponent) < 1e-9)
        #expect(Logarithm.exponent([Plot.Point(1, 1)]) == nil)
    }

    @Test("A page names what it shows, escapes it, and fetches nothing") func page() {
        let plot = Plot(
            "Cost <per> & more", x: Plot.Axis("clients", .logarithmic), y: Plot.Axis("µs"),
            lines: [
                Plot.Line("ours", [Plot.Point(10, 1), Plot.Point(100, 2)]),
                Plot.Line("\"C\"", [Plot.Point(10, 1), Plot.Point(100, 1)]),
            ])
        let page = ReportPage(
            title: "t", command: "hub bench x --a <b>", machine: "4 cores", table: "a < b", plots: [plot])
        let html = page.html
        #expect(
            html.contains("Cost &lt;per&gt; &amp; more") && html.contains("&quot;C&quot;") && html.contains("a &lt; b"))
        #expect(html.contains("--a &lt;b&gt;") && html.contains("<svg viewBox") && !html.contains("<per>"))
        #expect(html.split(separator: "<polyline").count == 3 && html.split(separator: "<circle").count == 4)
        for word in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] {
            #expect(!html.contains(word), "\(word)")
        }
    }

    @Test("A curve is as long as the count bears, and ascends") func curve() {
        var histogram = LatencyHistogram()
        for value in 1...1000 { histogram.record(UInt64(value) * 1_000_000) }
        let curve = histogram.curve
        #expect(curve.map(\.oneIn) == [2, 5, 10, 20, 50, 100, 200, 500, 1000])
        #expect(curve == curve.sorted { $0.milliseconds < $1.milliseconds })
        #expect(abs(curve[0].milliseconds - 500) < 10 && LatencyHistogram().curve.isEmpty)
    }

    @Test(
        "Figures beside an axis are short",
        arguments: [
            (0.0, "0"), (0.25, "0.25"), (0.001, "0.001"), (2.5, "2.5"), (100, "100"), (10_000, "10 k"),
            (2_500_000, "2.5 M"),
        ])
    func short(_ value: Double, _ text: String) { #expect(PlotDrawing.short(value) == text) }
}

@Suite struct GrowthSeriesTests {
    /// A cost that is 10 at first and then a times size^k.
    private func line(_ costs: [Double]) -> GrowthSeries.Line {
        GrowthSeries.Line(
            "one", zip([1.0, 10, 100, 1000], costs).map { GrowthSeries.Point(size: $0, microseconds: $1) })
    }

    @Test(
        "A growth that begins late is not hidden by what is paid once",
        arguments: [
            ([1.0, 10, 100, 1000], 1.0, true), ([10, 12, 30, 210], 1, true), ([10, 10, 10, 1000], 1, false),
            ([1, 100, 10_000, 1_000_000], 1, false), ([5, 5, 5, 5], 0, true), ([5, 5, 5, 10], 0, false),
            ([50, 20, 8, 8], 0, true),
        ])
    func straight(_ costs: [Double], _ exponent: Double, _ isStraight: Bool) {
        let series = GrowthSeries(name: "n", size: "s", cost: "c", straight: exponent, lines: [line(costs)])
        #expect(series.isStraight(series.lines[0]) == isStraight)
        #expect(series.table.contains("NOT STRAIGHT") != isStraight)
    }
}
