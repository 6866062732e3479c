import Bench
import Testing

/// The benchmark at a small size, with real processes. Counts are checked, clocks are not.
@Suite(.serialized) struct FanOutSmokeTests {
    @Test(
        "Every client gets every version, or a squash of it",
        arguments: [
            ["--clients", "20", "--hz", "10", "--seconds", "1"],
            ["--clients", "6", "--hz", "50", "--seconds", "1", "--fronts", "2", "--generators", "3", "--bytes", "16"],
            ["--clients", "2", "--hz", "10", "--seconds", "1", "--bytes", "50000"],
        ])
    func complete(_ flags: [String]) throws {
        let result: FanOutResult = try BenchProcess.result(["fan-out", "--json"] + flags)
        #expect(result.isComplete)
        #expect(result.deliveries > 0 && result.corrupt == 0 && result.gaps == 0 && result.missing == 0)
        #expect(result.deliveries + result.squashed == result.expectedDeliveries)
        #expect(result.overruns < Int(result.hz * result.seconds))
        #expect(result.bytesPerSecond > result.deliveriesPerSecond * Double(result.bytes))
        #expect(result.writesPerDelivery != nil && result.back != nil && result.latency != nil)
    }

    @Test("The reference does the same work") func compared() throws {
        let comparison: FanOutComparison = try BenchProcess.result([
            "fan-out", "--json", "--clients", "5", "--hz", "20", "--seconds", "1", "--pairs", "1",
        ])
        #expect(comparison.isComplete)
        #expect(comparison.ratios.count == 1 && comparison.medianRatio > 0)
        let (product, reference) = (try #require(comparison.product.first), try #require(comparison.reference.first))
        #expect(product.subject == .product && reference.subject == .reference)
        // A few bytes of version numbers are all that differs.
        let perDelivery = [product, reference].map { $0.bytesPerSecond / $0.deliveriesPerSecond }
        #expect(abs(perDelivery[0] - perDelivery[1]) < 8)
    }

    @Test("Wrong flags are said on the error stream, with exit code 2") func wrong() throws {
        let (output, status) = try BenchProcess.run(["fan-out", "--clients", "many"])
        #expect(status == 2 && output.isEmpty)
    }
}
