/// `bench jobs`: how many page jobs a second the queue and its store take, beside plain C doing the same transactions.
enum JobsBenchCommand {
    static let help = """
        hub bench jobs: page jobs submitted, given out and done a second, with synced commits, beside plain SQLite in C

        Usage: hub bench jobs [flags]

        Flags:
          --jobs N    Jobs a run with 64 in a transaction. Default: 20000. One at a time a tenth of it,
                      and a hundred times as many requests that are merged.
          --pairs N   Pairs of runs, in turn, 1 to 50. Default: 15.
          --json      Print the result as JSON.
          --help      Show this page.

        Both sides write the same rows in the same transactions. Exit codes: 0 measured, 1 could not run, 2 wrong flags.

        """

    private struct Result: Encodable {
        var measurements: [JobsBenchmark.Measurement]
        var mergesPerSecond: Double
        var pairs: Int
    }

    static func run(_ arguments: [String]) -> Int32 {
        var (jobs, pairs, wantsJSON) = (20_000, 15, false)
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h":
                print(help, terminator: "")
                return 0
            case "--json": wantsJSON = true
            case "--pairs", "--jobs":
                let limit = argument == "--pairs" ? 50 : 10_000_000
                guard let count = rest.popFirst().flatMap({ Int($0) }), (1...limit).contains(count) else {
                    return BenchCommand.complain("\(argument) needs a number from 1 to \(limit)", 2)
                }
                if argument == "--pairs" { pairs = count } else { jobs = count }
            default:
                return BenchCommand.complain(
                    "there is no flag '\(argument)'; 'hub bench jobs --help' lists --jobs, --pairs and --json", 2)
            }
        }
        do {
            let result = Result(
                measurements: [
                    try JobsBenchmark.measure(group: 1, jobs: max(1, jobs / 10), pairs: pairs),
                    try JobsBenchmark.measure(group: 64, jobs: jobs, pairs: pairs),
                ], mergesPerSecond: try JobsBenchmark.mergesPerSecond(count: jobs * 100), pairs: pairs)
            print(wantsJSON ? try JSONOutput.text(of: result) : text(result), terminator: "")
            return 0
        } catch {
            return BenchCommand.complain("\(error)", 1)
        }
    }

    private static func text(_ result: Result) -> String {
        var text = "jobs submitted, given out and done a second, median of \(result.pairs) pairs\n"
        for one in result.measurements {
            text += "  \(one.group) a commit: \(Int(one.jobsPerSecond)), plain C \(Int(one.referenceJobsPerSecond)), "
            text += "ratio \(hundredths(one.ratio)) (\(hundredths(one.lowest))–\(hundredths(one.highest)))\n"
        }
        return text + "requests merged a second: \(Int(result.mergesPerSecond))\n"
    }

    private static func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
