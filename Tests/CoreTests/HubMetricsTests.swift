import Core
import Testing

@Suite("The figures of the whole cluster") struct HubMetricsTests {
    @Test("Each family stands once, its samples labelled by process, histograms cumulative")
    func page() {
        let report = ProcessReport(
            gauges: ["connections": 3], counters: [#"connections_closed_total{reason="too big"}"#: 1],
            histograms: ["tick_duration_seconds": .init(bounds: [0.001, 0.01], counts: [5, 2, 1], sum: 0.125)])
        let page = MetricsText.page([("front-1", report), ("front-2", ProcessReport(gauges: ["connections": 4.5]))])
        #expect(
            page == """
                # HELP switchback_connections Connections of clients that are open now.
                # TYPE switchback_connections gauge
                switchback_connections{process="front-1"} 3
                switchback_connections{process="front-2"} 4.5
                # HELP switchback_connections_closed_total Connections that this side ended, by reason.
                # TYPE switchback_connections_closed_total counter
                switchback_connections_closed_total{process="front-1",reason="too big"} 1
                # HELP switchback_tick_duration_seconds How long ticks took.
                # TYPE switchback_tick_duration_seconds histogram
                switchback_tick_duration_seconds_bucket{process="front-1",le="0.001"} 5
                switchback_tick_duration_seconds_bucket{process="front-1",le="0.01"} 7
                switchback_tick_duration_seconds_bucket{process="front-1",le="+Inf"} 8
                switchback_tick_duration_seconds_sum{process="front-1"} 0.125
                switchback_tick_duration_seconds_count{process="front-1"} 8

                """)
    }

    @Test(
        "A figure that would break the page is left out", arguments: ["", "9lives", "a b", "a{x=\"1\"", "a{\n}", "é"])
    func broken(key: String) {
        #expect(MetricsText.page([("p", ProcessReport(gauges: [key: 1]))]) == "")
    }

    @Test("Names are escaped, a note stands at the head")
    func escapes() {
        let page = MetricsText.page([("a\"b\\c\nd", ProcessReport(gauges: ["x_y": 1]))], note: "incomplete")
        #expect(page.hasPrefix("# incomplete\n# HELP switchback_x_y x y.\n"))
        #expect(page.contains(#"switchback_x_y{process="a\"b\\c\nd"} 1"#))
    }

    @Test("The hub adds what it knows of each process")
    func hub() {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.announce("front", "front-1")
        stage.exit("back-1")
        let page = stage.core.metrics(now: stage.now)
        #expect(page.contains(#"switchback_process_up{process="front-1"} 1"#))
        #expect(page.contains(#"switchback_process_up{process="back-1"} 0"#))
        #expect(page.contains(#"switchback_process_restarts_total{process="back-1"} 1"#))
    }
}
