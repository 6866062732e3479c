import Glibc
import Loop

/// `bench lateness`: a back that is busy for most of each tick, in turn with a bare timerfd loop in C that is as busy.
struct LatenessBenchmark: Benchmark {
    static let name = "lateness"
    /// 20, 60 and 1,000 unless one is given.
    private var rates = [20.0, 60, 1000]
    private var load = 0.8
    private var seconds = 5
    private var pairs = 15

    var help: BenchHelp {
        BenchHelp(
            summary: "how late ticks begin after their slots, with a busy rule, beside a timerfd loop in plain C",
            flags: [
                ("--hz N", "Ticks a second, 1 to 5000. Default: 20, 60 and 1000, one after the other."),
                ("--load SHARE", "The share of each period that a step takes, 0 to 0.99. Default: \(load)."),
                ("--seconds N", "How long each run takes, 1 to 3600; 600 shows drift. Default: \(seconds)."),
                ("--pairs N", "Pairs of runs, 1 to 100. Default: \(pairs)."),
            ],
            notes: """
                Lateness is from a slot of the absolute grid to the first line of the step. A slot is missed when no tick began in
                it. Drift is how much later the middle tick of the last tenth is than that of the first tenth.

                """)
    }

    var descriptorCount: Int { 64 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--hz": rates = [try flags.number(1...5000)]
        case "--load": load = try flags.number(0...0.99)
        case "--seconds": seconds = try flags.whole(1...3600)
        case "--pairs": pairs = try flags.whole(1...100)
        default: return false
        }
        return true
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> LatenessResult {
        var result = LatenessResult(load: load, seconds: seconds)
        for hz in rates {
            var rate = LatenessResult.AtRate(hz: hz)
            for pair in 1...pairs {
                let place = "\(FigureText.fixed(hz, 0)) Hz, pair \(pair) of \(pairs)"
                progress.begin("\(place), product: ")
                let product = try run(.product, hz, loop, progress)
                progress.begin("\(place), plain C: ")
                rate.add(product, try run(.reference, hz, loop, progress))
            }
            result.rates.append(rate)
        }
        progress.begin("")
        return result
    }

    private func run(
        _ subject: BenchCluster.Subject, _ hz: Double, _ loop: EventLoop, _ progress: Progress
    ) throws -> LatenessRun {
        let cluster = try BenchCluster(on: loop, executable: BenchExecutable.own)
        defer { cluster.stop() }
        let ticks = max(2, Int(Double(seconds) * hz))
        let child: BenchChild
        switch subject {
        case .product:
            let plan = LatenessBack.Plan(hz: hz, load: load, ticks: ticks)
            child = try cluster.startBack(["bench-lateness-back", plan.text])
        case .reference:
            child = try cluster.startProgram([
                "lateness-reference", "--hz", "\(hz)", "--load", "\(load)", "--ticks", "\(ticks)",
            ])
        }
        let total = seconds
        let start = loop.nowNanoseconds
        // Missed slots make it longer; on a very busy machine many are missed.
        try cluster.wait(UInt64(seconds) * 4000 + 20_000, "the ticks did not all come within four times the time") {
            progress.say("\((loop.nowNanoseconds - start) / 1_000_000_000) of \(total) s")
            return child.lines.last == "end"
        }
        return LatenessRun(lines: child.lines)
    }
}
