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

    #if DEBUG
        static let shrunk: [(Defect, needsFaults: Bool)] = [(.ackBeforeTick, false)]
    #else
        static let shrunk: [(Defect, needsFaults: Bool)] = [
            (.ackBeforeTick, false), (.noDedupe, true), (.resumeOffByOne, true),
        ]
    #endif

    @Test(
        "What was found is found again in a plan of the same seed in which nothing is left that is not needed",
        arguments: shrunk)
    func shortened(_ defect: Defect, needsFaults: Bool) throws {
        let first = try #require(
            (2...200 as ClosedRange<UInt64>).lazy.compactMap { seed in
                SeedRun.run(Plan(seed: seed), tap: defect.tap(seed: seed)).violation.map { (seed, $0.promise) }
            }.first)
        let (seed, promise) = first
        let plan = Plan(seed: seed)
        func breaks(_ shortening: Shortening) -> Bool {
            SeedRun.run(plan.shortened(shortening), tap: defect.tap(seed: seed)).violation?.promise == promise
        }
        var shrinker = Shrinker(plan, promise, runLimit: 400) { defect.tap(seed: seed) }
        let shortest = shrinker.shrink()
        #expect(!shrinker.isExhausted)
        #expect(breaks(shortest), "seed \(seed)\(shortest.flags)")
        let faults = try #require(shortest.faults)
        #expect(faults.isEmpty == !needsFaults, "seed \(seed)\(shortest.flags)")
        for fault in faults {
            var shorter = shortest
            shorter.faults?.removeAll { $0 == fault }
            #expect(!breaks(shorter), "seed \(seed) needs no fault \(fault)\(shortest.flags)")
        }
        let clients = shortest.clients ?? plan.clientCount
        if clients > 1 {
            var shorter = shortest
            shorter.clients = clients - 1
            #expect(!breaks(shorter), "seed \(seed) needs fewer clients\(shortest.flags)")
        }
    }

    @Test("What --faults says is numbers with commas, or none")
    func faultFlag() {
        #expect(Shortening.faults("none") == [])
        #expect(Shortening.faults("3,5") == [3, 5])
        #expect(Shortening.faults("3,x") == nil)
    }
}
