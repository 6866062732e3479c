import Simulation

@main struct Main {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let (first, last) = (arguments.first ?? 1, arguments.dropFirst().first ?? arguments.first ?? 1)
        if CommandLine.arguments.contains("--defects") {
            for defect in Defect.allCases {
                var found = "never"
                for seed in first...last {
                    let outcome = SeedRun.run(Plan(seed: seed), tap: defect.tap(seed: seed))
                    if let violation = outcome.violation {
                        found = "\(seed) \(violation)"
                        break
                    }
                }
                print(defect.rawValue, found)
            }
            return
        }
        var tally = Tally()
        var bad = 0
        for seed in first...last {
            let outcome = SeedRun.run(Plan(seed: seed), trace: first == last ? Trace(isLive: CommandLine.arguments.contains("--live")) : nil)
            if first != last { print(seed) }
            tally.add(outcome.tally)
            if let violation = outcome.violation {
                bad += 1
                for line in outcome.trace { print(line) }
                print(seed, outcome.plan.summary)
                print(seed, violation)
            }
        }
        print(tally, "bad", bad)
    }
}
