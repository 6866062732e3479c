import Core

/// Many seeds, one after the other.
package enum JobSweep {
    /// The first seed of `seeds` whose history breaks a rule, nil if none does. `each` hears of all of them until then.
    package static func firstViolation(
        in seeds: Range<UInt64>, defect: JobDefect? = nil, each: (JobSimulation.Outcome) -> Void = { _ in }
    ) throws -> JobSimulation.Outcome? {
        for seed in seeds {
            var simulation = try JobSimulation(seed: seed, defect: defect)
            let outcome = simulation.run()
            each(outcome)
            if outcome.violation != nil { return outcome }
        }
        return nil
    }
}
