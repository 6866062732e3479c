import Core
import JobSimulation
import Testing

@Suite("The job queue in its simulator (G7)")
struct JobSimulationTests {
    @Test("Requests, crashes, late results and killed hubs: every request has a run after it, and no key runs twice")
    func holds() throws {
        var (accepted, late, dead, cameBack, deaths) = (0, UInt64(0), UInt64(0), UInt64(0), 0)
        let broken = try JobSweep.firstViolation(in: 1..<1_001) {
            accepted += $0.accepted
            late += $0.lateResults
            dead += $0.dead
            cameBack += $0.cameBack
            deaths += $0.hubDeaths
        }
        #expect(broken == nil, "seed \(broken?.seed ?? 0): \(broken?.violation ?? "")")
        // The histories have in them what they are about.
        #expect(accepted > 10_000 && late > 100 && dead > 10 && cameBack > 5 && deaths > 100)
    }

    @Test("A planted defect is found within 200 seeds", arguments: JobDefect.allCases)
    func finds(defect: JobDefect) throws {
        let found = try JobSweep.firstViolation(in: 1..<201, defect: defect)
        #expect(found != nil, "\(defect) was not found")
    }

    @Test("The same seed is the same history")
    func repeats() throws {
        for seed in [3, 4, 5] as [UInt64] {
            var (one, other) = (try JobSimulation(seed: seed), try JobSimulation(seed: seed))
            #expect("\(one.run())" == "\(other.run())")
        }
    }
}
