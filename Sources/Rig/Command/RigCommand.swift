import Glibc

/// The rig: real clusters under stress, with the promises of the design watched all the way.
package enum RigCommand {
    struct Kind: Sendable {
        let name: String
        let summary: String
        let flags: [String]
        let discussion: String
    }

    static let runs: [Kind] = [
        Kind(
            name: "crash", summary: "kill processes of one kind under clients who play",
            flags: ["victim", "cycles", "clients", "rate", "seed", "fronts", "backs", "resume-within"],
            discussion: """
                Every input ends acked, refused or, when a back is killed, undecided; none is lost, none is applied twice by one
                back. Each state is that of its version, and at the end every client's bytes are the back's. Processes take turns
                as victims, so that each has lived 10 s when its turn comes.
                Example: hub-rig crash --victim front --cycles 100 --clients 200 --rate 20 --seed 1 --json
                """),
        Kind(
            name: "pause", summary: "stop a front, a back and the hub for some seconds, and let them go on",
            flags: ["for", "clients", "rate", "seed", "fronts", "backs"],
            discussion: "Each is stopped for --for (4s; 8s at most). Nobody is thrown out, nothing is lost."),
        Kind(
            name: "slow", summary: "one reader of 1 KiB/s beside others, on a stream of 100 KiB/s",
            flags: ["for", "clients", "seed", "tolerance"],
            discussion: """
                The reader stays for --for (60s). It is not disconnected, what waits for it is bounded, its states are right, and
                the front asks of the kernel what it asks without it, --tolerance percent (5) more or less. System calls are
                counted by perf, if this user may.
                """),
        Kind(
            name: "soak", summary: "let many clients play for long",
            flags: [
                "for", "clients", "rate", "seed", "fronts", "backs", "tolerance",
            ],
            discussion: """
                For --for (10m): at most 0.1 % of the ticks are skipped, and the memory of each process ends within --tolerance
                percent (5) of what it was at minute two.
                """),
        Kind(
            name: "jobs", summary: "page jobs while workers are killed one by one, and the hub now and then",
            flags: ["count", "kill-every", "hub-kills", "seed"],
            discussion: """
                Eight workers, one killed each --kill-every (1s), until --count (10000) requests became jobs of their own and
                all are built; the hub is killed --hub-kills (3) times on the way. Every key's last build started after its
                last request; nothing is lost, no key is built twice at once, no result is taken that came too late.
                Example: hub-rig jobs --count 10000 --kill-every 1s --json
                """),
    ]

    private static let flagHelp: [String: (String, String)] = [
        "victim": ("--victim KIND", "What is killed: back, front or hub."),
        "cycles": ("--cycles N", "How many kills. Default: 100."),
        "clients": ("--clients N", "How many clients."),
        "rate": ("--rate N", "Inputs a second of each client."),
        "seed": ("--seed S", "Where the dice begin. Default: 1."),
        "fronts": ("--fronts N", "How many fronts. Default: 3."),
        "backs": ("--backs N", "How many backs. Default: 4."),
        "for": ("--for TIME", "How long, as 90s or 10m."),
        "resume-within": ("--resume-within S", "Seconds that 99 of 100 resumes may take. Default: 1."),
        "count": ("--count N", "How many jobs. Default: 10000."),
        "kill-every": ("--kill-every TIME", "A worker is killed so often. Default: 1s."),
        "hub-kills": ("--hub-kills N", "How often the hub is killed. Default: 3."),
        "tolerance": ("--tolerance P", "Percent by which what should be the same may differ. Default: 5."),
    ]

    static var help: String {
        var text = """
            hub-rig: real hubs, fronts, backs and clients under stress, and whether every promise held

            Usage: hub-rig RUN [flags]

            Runs:

            """
        for run in runs { text += "  \(pad(run.name, 10))\(run.summary)\n" }
        return text + """

            'hub-rig RUN --help' lists the flags of a run.
            Exit codes: 0 all promises held and at least half of the work was done, 1 they did not or it was not, 2 wrong
            flags, 130 interrupted. Ctrl-C ends a run and cleans up.

            """
    }

    static func help(of run: Kind) -> String {
        var text = "hub-rig \(run.name): \(run.summary)\n\nUsage: hub-rig \(run.name) [flags]\n\nFlags:\n"
        for flag in run.flags {
            guard let (usage, words) = flagHelp[flag] else { continue }
            text += "  \(pad(usage, 22))\(words)\n"
        }
        text += "  \(pad("--json", 22))Print the result as JSON; progress goes to standard error.\n"
        return text + "\n\(run.discussion)\n"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// Runs what the words ask for and answers the exit code.
    package static func run(arguments: [String]) async -> Int32 {
        guard let name = arguments.first else { return complain("which run? 'hub-rig --help' lists them", 2) }
        if name == "rig-worker" { return await RigWorker.run(Array(arguments.dropFirst())) }
        if name == "rig-back" { return await RigBack.run(Array(arguments.dropFirst())) }
        if ["--help", "-h", "help"].contains(name) {
            print(help, terminator: "")
            return 0
        }
        guard let run = runs.first(where: { $0.name == name }) else {
            return complain("there is no run '\(name)'; 'hub-rig --help' lists them", 2)
        }
        let options: RigOptions
        do throws(RigOptions.Mistake) {
            options = try RigOptions(Array(arguments.dropFirst()), run: name, known: run.flags)
        } catch {
            return complain("\(error)", 2)
        }
        if options.wantsHelp {
            print(help(of: run), terminator: "")
            return 0
        }
        if name == "crash", options.victim == nil { return complain("--victim is missing: back, front or hub", 2) }
        return await perform(name, options)
    }

    private static func perform(_ name: String, _ options: RigOptions) async -> Int32 {
        Interrupt.watch()
        let progress = Progress()
        var report = RunReport(run: name, seed: options.seed)
        let start = Wait.nowNanoseconds
        do {
            switch name {
            case "crash": if let victim = options.victim { try await CrashRun(options, victim, progress).run(&report) }
            case "pause": try await PauseRun(options: options, progress: progress).run(&report)
            case "jobs": try await JobsRun(options: options, progress: progress).run(&report)
            case "slow": try await SlowRun(options: options, progress: progress).run(&report)
            default: try await SoakRun(options: options, progress: progress).run(&report)
            }
        } catch is Interrupt.Asked {
            report.isInterrupted = true
        } catch {
            progress.end()
            return complain("\(error)", 1)
        }
        progress.end()
        report.isInterrupted = report.isInterrupted || Interrupt.isAsked
        report.seconds = Double(Wait.nowNanoseconds - start) / 1e9
        print(options.wantsJSON ? report.json() : report.text(), terminator: "")
        if report.isInterrupted { return 130 }
        return report.isGood ? 0 : 1
    }

    static func complain(_ text: String, _ code: Int32) -> Int32 {
        fflush(nil)
        let bytes = Array("hub-rig: \(text)\n".utf8)
        _ = write(2, bytes, bytes.count)
        return code
    }
}
