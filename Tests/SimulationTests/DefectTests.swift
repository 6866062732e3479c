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
    func shortened() {
        // Which seeds shrink far within so few runs changes with every change of the cores' timing; one of the first does.
        let isShort = (2...8 as ClosedRange<UInt64>).lazy.map { seed in
            let tap: @Sendable () -> (any Tap)? = { Defect.ackBeforeTick.tap(seed: seed) }
            let plan = Plan(seed: seed)
            guard let violation = SeedRun.run(plan, tap: tap()).violation else { return false }
            var shrinker = Shrinker(plan, violation.promise, runLimit: 40, tap: tap)
            let shorter = plan.shortened(shrinker.shrink())
            #expect(shorter.faults.count <= plan.faults.count)
            let again = SeedRun.run(shorter, tap: tap()).violation
            #expect(again?.promise == violation.promise)
            return shorter.faults.count < plan.faults.count && shorter.clientCount <= 2
        }.contains(true)
        #expect(isShort)
        #expect(Shortening.faults("none") == [])
        #expect(Shortening.faults("3,5") == [3, 5])
        #expect(Shortening.faults("3,x") == nil)
    }
}
