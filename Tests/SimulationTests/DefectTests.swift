import Simulation
import Testing

/// The checkers are worth something: whatever mistake is planted between the cores, they find it.
@Suite struct DefectTests {
    #if DEBUG
        static let defects: [Defect] = [.noDedupe, .ackBeforeTick, .markOverGap]
    #else
        static let defects = Defect.allCases
    #endif

    @Test("A planted mistake is found within 200 seeds", arguments: defects)
    func found(_ defect: Defect) {
        let outcome = (1...200 as ClosedRange<UInt64>).lazy.map { seed in
            SeedRun.run(Plan(seed: seed), tap: defect.tap(seed: seed))
        }.first { $0.violation != nil }
        #expect(outcome != nil, "\(defect.rawValue) was not found")
    }

    @Test("What was found is found again in a shorter plan of the same seed")
    func shortened() throws {
        let tap: @Sendable () -> (any Tap)? = { Defect.ackBeforeTick.tap(seed: 2) }
        let plan = Plan(seed: 2)
        let violation = try #require(SeedRun.run(plan, tap: tap()).violation)
        var shrinker = Shrinker(plan, violation.promise, runLimit: 40, tap: tap)
        let shortening = shrinker.shrink()
        let shorter = plan.shortened(shortening)
        #expect(shorter.faults.count < plan.faults.count)
        #expect(shorter.clientCount <= 2)
        #expect(SeedRun.run(shorter, tap: tap()).violation?.promise == violation.promise)
        #expect(Shortening.faults("none") == [])
        #expect(Shortening.faults("3,5") == [3, 5])
        #expect(Shortening.faults("3,x") == nil)
    }
}
