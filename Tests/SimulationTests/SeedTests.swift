import Simulation
import Testing

/// Whole clusters, each from its seed. A debug build is many times slower and runs a few; the release build runs them all.
@Suite struct SeedTests {
    #if DEBUG
        static let lastSeed: UInt64 = 20
    #else
        static let lastSeed: UInt64 = 500
    #endif

    @Test("Whatever breaks, every promise holds, and everything becomes right afterwards")
    func seeds() async {
        let report = await Campaign(seeds: 1...Self.lastSeed, jobs: 4).run()
        #expect(report.isClean, "\(report.text)")
        #expect(report.tally.faults.count == FaultKind.allCases.count || Self.lastSeed < 100, "\(report.text)")
    }

    @Test(
        "Seeds that once found something stay clean",
        arguments: [25, 28, 45, 69, 90, 99, 156, 171, 203, 315, 382, 412, 450, 542, 585, 1144])
    func found(_ seed: UInt64) {
        let outcome = SeedRun.run(Plan(seed: seed))
        #expect(outcome.violation == nil, "seed \(seed), \(outcome.plan.summary)")
    }

    @Test("The same seed does the same, event for event", arguments: [3, 17, 40] as [UInt64])
    func repeatable(_ seed: UInt64) {
        let one = SeedRun.run(Plan(seed: seed), trace: Trace())
        let other = SeedRun.run(Plan(seed: seed), trace: Trace())
        #expect(one.trace == other.trace)
        #expect(one.tally.events == other.tally.events)
        #expect(one.trace.count > 50)
    }

    @Test("A world that is over is let go", arguments: [1, 2, 3, 25, 315] as [UInt64])
    func letGo(_ seed: UInt64) {
        weak var over: World?
        var hasBegun = false
        _ = SeedRun.run(Plan(seed: seed)) { world in
            over = world
            hasBegun = true
        }
        #expect(hasBegun && over == nil)
    }

    @Test("A run that does little is not clean, whatever it did not break")
    func little() {
        var report = Report(seedsAsked: 4)
        report.add(SeedRun.run(Plan(seed: 1)))
        #expect(report.shortfall == "only 1 of 4 seeds ran")
        #expect(!report.isClean)
    }
}
