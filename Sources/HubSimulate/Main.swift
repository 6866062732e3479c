import Glibc
import Simulation

/// `hub-simulate`: runs seeds, says what was done, and shows what broke.
@main
struct Main {
    static func main() async {
        let options: Options
        do throws(Options.Mistake) {
            options = try Options(Array(CommandLine.arguments.dropFirst()))
        } catch {
            CrashNote.say("hub-simulate: \(error)\n")
            exit(2)
        }
        if options.wantsHelp {
            print(Options.help, terminator: "")
            exit(0)
        }
        CrashNote.install()
        exit(options.isOneSeed ? one(options) : await many(options))
    }

    private static func many(_ options: Options) async -> Int32 {
        let campaign = Campaign(seeds: options.seeds, jobs: options.jobs, defect: options.defect) { seed, begins in
            CrashNote.note(seed, begins)
        }
        let report = await campaign.run()
        print(options.isJSON ? report.json : report.text)
        // What breaks first is shown whole.
        if let failure = report.failures.first {
            show(failure.seed, options, Shortening())
        }
        return report.isClean ? 0 : 1
    }

    private static func one(_ options: Options) -> Int32 {
        let seed = options.seeds.lowerBound
        CrashNote.note(seed, true)
        let plan = Plan(seed: seed).shortened(options.shortening)
        let outcome = SeedRun.run(
            plan, trace: options.isLive ? Trace(isLive: true) : nil, tap: options.defect?.tap(seed: seed))
        var report = Report(seedsAsked: 1)
        report.add(outcome)
        print(options.isJSON ? report.json : "\(plan.summary)\n\(report.text)")
        guard let violation = outcome.violation else { return report.isClean ? 0 : 1 }
        guard options.shrinks else {
            show(seed, options, options.shortening)
            return 1
        }
        var shrinker = Shrinker(Plan(seed: seed), violation.promise) { [defect = options.defect] in
            defect?.tap(seed: seed)
        }
        show(seed, options, shrinker.shrink())
        return 1
    }

    /// Runs a seed that fails once more, and prints its last events and the command that does the same.
    private static func show(_ seed: UInt64, _ options: Options, _ shortening: Shortening) {
        let plan = Plan(seed: seed).shortened(shortening)
        let outcome = SeedRun.run(plan, trace: Trace(), tap: options.defect?.tap(seed: seed))
        var text = "\nthe last \(outcome.trace.count) events of seed \(seed) (\(plan.summary)):\n"
        for line in outcome.trace { text += line + "\n" }
        if let violation = outcome.violation { text += "\(violation)\n" }
        let defect = options.defect.map { " --defect \($0.rawValue)" } ?? ""
        CrashNote.say(text + "to repeat it: hub-simulate --seed \(seed)\(shortening.flags)\(defect)\n")
    }
}
