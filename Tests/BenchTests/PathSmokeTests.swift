import Bench
import FoundationEssentials
import Glibc
import Testing

/// The other benchmarks at a small size, with real processes. Counts are checked, clocks are not.
@Suite(.serialized) struct PathSmokeTests {
    private func run<T: Decodable>(_ type: T.Type, _ arguments: [String]) throws -> T {
        let (output, status) = try BenchProcess.run(arguments)
        #expect(status == 0)
        return try JSONDecoder().decode(type, from: Data(output))
    }

    @Test("Clients join and resume, and the back sends the state once") func links() throws {
        let result = try run(
            JoinResult.self,
            ["links", "--json", "--clients", "30", "--state-bytes", "200000", "--rate", "100", "--hz", "20"])
        #expect(result.isComplete && result.join.count == 30 && result.resume.count == 30)
        #expect(result.join.bytesPerClient > 200_000 && result.resume.bytesPerClient < 20_000)
        #expect(result.join.stateBytesFromBack > 200_000 && result.join.stateBytesFromBack < 300_000)
        #expect(result.resume.stateBytesFromBack == 0 && result.resume.trunkBytes > 0)
        #expect(result.join.turns > 30 && result.longestTurnMilliseconds > 0)
    }

    @Test("Many patches in a tick reach every client in fewer writes, and C sends the same bytes") func burst() throws {
        let comparison = try run(
            FanOutComparison.self,
            [
                "burst", "--json", "--clients", "5", "--hz", "10", "--seconds", "1", "--pairs", "1", "--patches", "16",
                "--bytes", "32",
            ])
        let (product, reference) = (try #require(comparison.product.first), try #require(comparison.reference.first))
        #expect(comparison.isComplete && product.patches == 16)
        #expect(product.deliveries % 16 == 0 && product.deliveries >= 80)
        #expect((product.writesPerDelivery ?? 1) < 0.5)
        let perDelivery = [product, reference].map { $0.bytesPerSecond / $0.deliveriesPerSecond }
        #expect(abs(perDelivery[0] - perDelivery[1]) < 8)
    }

    @Test("Clients that say something each tick get an ack of their own, of C too") func acks() throws {
        let comparison = try run(
            FanOutComparison.self,
            [
                "fan-out", "--json", "--clients", "6", "--hz", "20", "--seconds", "1", "--inputs", "--pairs", "1",
            ])
        #expect(comparison.isComplete)
        for result in comparison.product + comparison.reference { #expect(result.inputs >= 60 && result.acks >= 30) }
    }

    @Test("Ticks of a busy back and of C are noted") func lateness() throws {
        let result = try run(
            LatenessResult.self,
            ["lateness", "--json", "--hz", "100", "--seconds", "1", "--pairs", "1", "--load", "0.1"])
        let rate = try #require(result.rates.first)
        #expect(result.isComplete && rate.ticks == 100 && rate.p50.product.count == 1)
        #expect(rate.product != nil && rate.reference != nil && rate.missed.product[0] >= 0)
    }

    @Test("A back sends as much for many readers as for few") func egress() throws {
        let result = try run(
            EgressResult.self,
            [
                "egress", "--json", "--few", "4", "--many", "40", "--hz", "20", "--seconds", "1", "--pairs", "1",
                "--bytes",
                "512",
            ])
        #expect(result.isComplete && result.bytes.product[0] > 1024)
        // Ten times the readers; what differs is the frames that happen to lie at the window's edges.
        #expect(result.bytes.medianRatio > 0.8 && result.bytes.medianRatio < 1.25, "\(result.bytes.text)")
    }

    @Test("A hub is started until its back ticks") func start() throws {
        let result = try run(StartResult.self, ["start", "--json", "--runs", "1"])
        #expect(result.isComplete && result.milliseconds[0] > 0 && result.binaryBytes > 1_000_000)
    }

    @Test(
        "Growth is measured, and a report of it written",
        arguments: [("fronts", 2, 1), ("clients", 1, 3), ("channels", 2, 1), ("rows", 1, 1), ("payload", 1, 1)])
    func growth(_ name: String, _ lineCount: Int, _ plotCount: Int) throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/switchback-growth-\(name)-\(getpid()).html"
        defer { unlink(path) }
        let result = try run(
            GrowthResult.self,
            ["growth", "--json", "--series", name, "--seconds", "1", "--largest", "10", "--report", path])
        #expect(result.isComplete && result.series.map(\.name) == [name])
        let lines = try #require(result.series.first).lines
        #expect(lines.count == lineCount && lines.allSatisfy { $0.points.count >= 2 && $0.exponent != nil })
        let page = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        #expect(page.split(separator: "<svg").count == plotCount + 1 && page.contains("hub bench growth"))
    }

    @Test("Every benchmark says what it does, and what is wrong with its flags", arguments: BenchCommand.names)
    func pages(_ name: String) throws {
        let (page, status) = try BenchProcess.run([name, "--help"])
        #expect(status == 0 && String(decoding: page, as: UTF8.self).contains("hub bench \(name)"))
        let (nothing, refused) = try BenchProcess.run([name, "--no-such-flag"])
        #expect(refused == 2 && nothing.isEmpty)
    }
}
