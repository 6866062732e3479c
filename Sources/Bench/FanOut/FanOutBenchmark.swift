import Glibc
import Loop

/// `bench fan-out`: one row of each channel changes each tick and goes to every client; once, or in turn with plain C.
struct FanOutBenchmark: Benchmark {
    static let name = "fan-out"
    var options = FanOutOptions()

    var help: BenchHelp {
        BenchHelp(
            summary: "one row of N bytes changes each tick and goes to every client", flags: flags,
            notes: """
                It starts a back, the fronts and the load generators as processes, with sockets on 127.0.0.1; nothing is left
                behind. Latency counts from the tick's intended slot to its arrival at the client. CPU is what the fronts used.

                """)
    }

    var flags: [(String, String)] {
        [
            ("--clients N", "WebSocket clients, 1 to 50000. Default: \(options.clients)."),
            ("--hz N", "Ticks a second, 0.1 to 1000. Default: \(FigureText.fixed(options.hz, 0))."),
            ("--bytes N", "Size of the row that changes, 16 to 200000. Default: \(options.bytes)."),
            (
                "--patches N",
                "Channels that change in a tick and that each client reads, 1 to 64. Default: \(options.patches)."
            ),
            ("--inputs", "Each client also sends an input a tick, and gets an ack of its own."),
            ("--seconds N", "How long to measure, 1 to 3600. Default: \(options.seconds)."),
            ("--fronts N", "Front processes, 1 to 64. Default: \(options.fronts)."),
            ("--generators N", "Load generator processes, 1 to 64. Default: one for each 500 clients, at most 2."),
            ("--compare", "Also run the same in plain C, in turn, and show the ratio of CPU per delivery."),
            (
                "--pairs N",
                "Pairs of runs for --compare, 0 to 100; 0 for the product alone. Default: \(options.pairs ?? 3)."
            ),
        ]
    }

    /// A client is a descriptor at its front and one at its load generator.
    var descriptorCount: Int { options.clients + 256 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        try options.take(flag, &flags)
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> FanOutOutcome {
        try options.check()
        guard let pairs = options.pairs else {
            return .single(try FanOutRun(subject: .product, options: options, progress: progress).measure(on: loop))
        }
        var comparison = FanOutComparison()
        for pair in 1...pairs {
            progress.begin("pair \(pair) of \(pairs), product: ")
            let product = try FanOutRun(subject: .product, options: options, progress: progress).measure(on: loop)
            progress.begin("pair \(pair) of \(pairs), plain C: ")
            let reference = try FanOutRun(subject: .reference, options: options, progress: progress)
                .measure(on: loop)
            comparison.add(product, reference)
        }
        return .compared(comparison)
    }
}

/// `bench burst`: many channels change in one tick, and each client reads them all: its patches leave in one write.
struct BurstBenchmark: Benchmark {
    static let name = "burst"
    private var fanOut = FanOutBenchmark(options: .burst)

    var help: BenchHelp {
        BenchHelp(
            summary: "many patches to each client in one tick, beside plain C that gathers them into one write",
            flags: fanOut.flags,
            notes: """
                It is fan-out with other defaults. A delivery is one patch to one client.

                """)
    }

    var descriptorCount: Int { fanOut.descriptorCount }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        try fanOut.take(flag, &flags)
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> FanOutOutcome {
        try fanOut.measure(on: loop, progress)
    }
}

/// One run, or runs beside plain C.
enum FanOutOutcome: BenchResult {
    case single(FanOutResult)
    case compared(FanOutComparison)

    var table: String {
        switch self {
        case .single(let result): result.table
        case .compared(let comparison): comparison.table
        }
    }

    var isComplete: Bool {
        switch self {
        case .single(let result): result.isComplete
        case .compared(let comparison): comparison.isComplete
        }
    }

    var plots: [Plot] {
        switch self {
        case .single(let result): [.latency([("product", result.distribution)])]
        case .compared(let comparison):
            [
                .latency([
                    ("product", comparison.product.last?.distribution ?? []),
                    ("plain C", comparison.reference.last?.distribution ?? []),
                ])
            ]
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .single(let result): try result.encode(to: encoder)
        case .compared(let comparison): try comparison.encode(to: encoder)
        }
    }
}
