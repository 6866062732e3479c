import StateBenchmarks
import Testing

@Suite("Sizes")
struct SizeTests {
    @Test("Patches of 100 moving rows are no larger than they were promised to be", arguments: [100, 1, 2, 3])
    func movers(_ seed: UInt64) {
        let sizes = StateSizes.measure(seed: seed)
        #expect(sizes.areWithinLimits, "\(sizes)")
        #expect(sizes.oneRow > 0 && sizes.fiftyRows > sizes.oneRow && sizes.allRows > sizes.fiftyRows, "\(sizes)")
    }

    @Test("Rows keyed by session ids are as small as rows keyed by integers", arguments: [100, 1, 2, 3])
    func sessions(_ seed: UInt64) {
        let sizes = StateSizes.measureSessions(seed: seed)
        #expect(sizes.areWithinLimits, "\(sizes)")
        #expect(sizes.oneRow > 0 && sizes.fiftyRows > sizes.oneRow && sizes.allRows > sizes.fiftyRows, "\(sizes)")
    }
}
