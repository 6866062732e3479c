import Bench
import Testing

/// The benchmarks with writers at a small size, with real processes. Counts are checked, clocks are not.
@Suite(.serialized) struct LoadSmokeTests {
    @Test("What writers send arrives, and the newest of it goes to those who read; the credit is told") func tick()
        throws
    {
        let result: LoadResult = try BenchProcess.result([
            "tick", "--json", "--clients", "20", "--readers", "4", "--rate", "160", "--generators", "2", "--seconds",
            "1",
        ])
        #expect(result.isComplete && result.subject == .product)
        #expect(result.sent > 0 && result.sent % 16 == 0 && result.creditBytes == 8 << 20)
        // Four readers and a second of 20 ticks: none of the 16 writers counts.
        #expect(result.deliveries >= 4 && result.deliveries <= 4 * 30)
    }

    @Test("The relay in plain C does the same work", arguments: ["uplink", "round-trip"])
    func compared(_ benchmark: String) throws {
        let comparison: LoadComparison = try BenchProcess.result([
            benchmark, "--json", "--clients", "6", "--readers", "2", "--rate", "40", "--hz", "50", "--generators", "1",
            "--seconds", "1", "--pairs", "1",
        ])
        #expect(comparison.isComplete)
        #expect(comparison.cpu.ratios.count == 1 && comparison.latency.medianRatio > 0)
        // Both have the same clients, that are read to and acked.
        for result in comparison.product + comparison.reference {
            #expect(result.sent + result.stalled > 0 && result.deliveries >= 6)
        }
    }

    @Test(
        "An input that is a read of its own takes a front one system call, and a share of one for all of a millisecond")
    func systemCalls() throws {
        let result: LoadResult = try BenchProcess.result([
            "uplink", "--json", "--pairs", "0", "--clients", "100", "--rate", "50", "--hz", "5", "--generators", "1",
            "--seconds", "2", "--system-calls",
        ])
        let (front, back) = (
            try #require(result.front.systemCallsPerMessage), try #require(result.back.systemCallsPerMessage)
        )
        // A read each, a write a client and tick (0.1), and what there is once a millisecond (0.2 of each): a look, a rest, a write.
        #expect(front > 0.01 && front <= 2.1, "\(front) a message")
        #expect(back > 0.001 && back <= 0.8, "\(back) a message")
    }

    @Test("An idle client's memory is told") func idle() throws {
        let result: [String: Double] = try BenchProcess.result(["idle", "--json", "--clients", "100"])
        #expect(result["clients"] == 100 && (result["baseBytes"] ?? 0) > 0)
    }

    @Test("The path of an input is measured, and both sides make the same bytes") func ingest() throws {
        let result: IngestResult = try BenchProcess.result([
            "ingest", "--json", "--clients", "5", "--sessions", "50", "--pairs", "2", "--rounds", "2",
        ])
        #expect(result.front.ratios.count == 2 && result.trunk.count == 2)
        #expect(result.trunkInputsPerSecond > 0)
    }

    @Test("Wrong flags are said, with exit code 2", arguments: ["tick", "uplink", "round-trip", "idle", "ingest"])
    func wrong(_ benchmark: String) throws {
        let (output, status) = try BenchProcess.run([benchmark, "--clients", "many"])
        #expect(status == 2 && output.isEmpty)
    }
}
