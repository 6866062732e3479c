import Testing
import Bench

@Suite struct ResultTests {
    @Test(
        "A percentile is at most one bucket, 1.6 %, above the value",
        arguments: [1, 63, 64, 127, 128, 129, 1000, 123_456, 5_000_000, 86_400_000_000_000] as [UInt64])
    func percentiles(_ value: UInt64) throws {
        var histogram = LatencyHistogram()
        histogram.record(value)
        histogram.record(value * 4)
        let found = try #require(histogram.percentile(0.5))
        #expect(found >= value && Double(found) <= Double(value) * 1.016)
        #expect(histogram.percentile(1) == value * 4)
    }

    @Test("Histograms of two processes add up") func sums() {
        var (left, right, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in [5, 70, 9000] as [UInt64] {
            left.record(value)
            both.record(value)
        }
        for value in [1, 1_000_000] as [UInt64] {
            right.record(value)
            both.record(value)
        }
        left.add(right)
        #expect(left == both)
        #expect(LatencyHistogram().percentile(0.5) == nil)
    }

    @Test(
        "Figures are grouped and rounded",
        arguments: [
            (1_234_567.0, 0, "1,234,567"), (0.05, 2, "0.05"), (-0.004, 2, "0.00"), (-2.5, 1, "-2.5"),
            (999.996, 2, "1,000.00"),
        ])
    func figures(_ value: Double, _ digits: Int, _ text: String) {
        #expect(FigureText.fixed(value, digits) == text)
    }

    @Test("A row ends with its slot and differs from that of another slot", arguments: [8, 9, 16, 100, 4096])
    func payload(_ byteCount: Int) {
        var payload = Payload(byteCount: byteCount)
        payload.fill(slot: 0x0102_0304_0506_0708)
        #expect(payload.bytes.count == byteCount && Array(payload.bytes.suffix(8)) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(payload.bytes.withUnsafeBytes { Payload.slot(atEndOf: $0) } == 0x0102_0304_0506_0708)
        let first = payload.bytes
        payload.fill(slot: 1)
        #expect(payload.bytes != first)
    }

    @Test("What arrived too little, and only that, is missing") func missing() {
        var tally = DeliveryTally()
        tally.deliveries = 17
        tally.squashed = 1
        tally.slots = [1, 1, 0, 1]
        var options = FanOutOptions()
        options.clients = 10
        let window = Window(start: 100, end: 140, period: 10)
        let result = FanOutResult(.product, options, tally, window)
        #expect(result.overruns == 1 && result.expectedDeliveries == 30 && result.missing == 12)
        #expect(!result.isComplete)
    }
}
