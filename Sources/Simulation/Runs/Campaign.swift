/// Many seeds, several at a time, each in one thread.
package struct Campaign: Sendable {
    package let seeds: ClosedRange<UInt64>
    package let jobs: Int
    /// A defect that is planted in every world.
    package let defect: Defect?
    /// Which seeds are in work now; told with true when one begins.
    package let noted: @Sendable (_ seed: UInt64, _ begins: Bool) -> Void

    package init(
        seeds: ClosedRange<UInt64>, jobs: Int, defect: Defect? = nil,
        noted: @escaping @Sendable (_ seed: UInt64, _ begins: Bool) -> Void = { _, _ in }
    ) {
        self.seeds = seeds
        self.jobs = max(1, jobs)
        self.defect = defect
        self.noted = noted
    }

    /// Runs them all, or until so many have failed.
    package func run(failureLimit: Int = 10) async -> Report {
        var report = Report(seedsAsked: Int(seeds.upperBound - seeds.lowerBound) + 1)
        await withTaskGroup(of: SeedRun.Outcome.self) { group in
            var next = seeds.lowerBound
            var isOver = false
            func begin() {
                let seed = next
                if next == seeds.upperBound { isOver = true } else { next += 1 }
                group.addTask { runOne(seed) }
            }
            for _ in 0..<jobs where !isOver { begin() }
            for await outcome in group {
                report.add(outcome)
                if !isOver, report.failures.count < failureLimit { begin() }
            }
        }
        return report
    }

    private func runOne(_ seed: UInt64) -> SeedRun.Outcome {
        noted(seed, true)
        defer { noted(seed, false) }
        return SeedRun.run(Plan(seed: seed), tap: defect?.tap(seed: seed))
    }
}
