import Testing

extension ClusterTests {
    /// Rules that take too long.
    @Suite(.serialized) struct SlowTicks {
        @Test("A slow tick is counted, and logged with its channel and what it serves")
        func slow() throws {
            try Cluster.with { cluster in
                let client = try TextClient.ready(cluster.port, "room/1")
                try client.input("room/1", "{\"slow\":120}")
                try client.wait("it is applied") { client.isAcked("room/1", 1) }
                try cluster.awaitMetric("slow_ticks_total", above: 0)
                try cluster.awaitMetric("overruns_total", above: 0)
                let lines = Files.text(cluster.folder + "/log").split(separator: "\n").filter {
                    $0.contains("warning back-1 a slow tick") && $0.contains("channel=room/1")
                }
                #expect(lines.contains { $0.contains("sessions=1") && $0.contains("links=1") }, "\(lines)")
            }
        }
    }
}
