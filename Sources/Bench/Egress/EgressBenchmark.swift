import Loop

/// `bench egress`: what a back sends and computes a tick for few readers and for many on the same fronts, in turn.
struct EgressBenchmark: Benchmark {
    static let name = "egress"
    private var few = 1000
    private var many = 10_000
    private var options = FanOutOptions()
    private var pairs = 5

    init() {
        (options.hz, options.bytes, options.seconds, options.fronts, options.generators) = (5, 1024, 6, 2, 2)
    }

    var help: BenchHelp {
        BenchHelp(
            summary: "a back's bytes and CPU a tick, for few and for many readers on the same fronts",
            flags: [
                ("--few N", "Readers in one run of each pair, 1 to 50000. Default: \(few)."),
                ("--many N", "Readers in the other, 1 to 50000. Default: \(many)."),
                ("--fronts N", "Front processes, 1 to 64. Default: \(options.fronts)."),
                ("--hz N", "Ticks a second. Default: \(FigureText.fixed(options.hz, 0))."),
                ("--bytes N", "Size of the row that changes each tick, 16 to 200000. Default: \(options.bytes)."),
                ("--seconds N", "How long each run is measured, 1 to 3600. Default: \(options.seconds)."),
                ("--generators N", "Load generator processes, 1 to 64. Default: 2."),
                ("--pairs N", "Pairs of runs, 1 to 100. Default: \(pairs)."),
            ],
            notes: """
                The ratio is that of many readers to few; 1.00 is wanted. Readers say nothing. Bytes are those that the fronts read
                from the back.

                """)
    }

    var descriptorCount: Int { max(few, many) + 256 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--few": few = try flags.whole(1...50_000)
        case "--many": many = try flags.whole(1...50_000)
        case "--pairs": pairs = try flags.whole(1...100)
        case "--compare", "--inputs", "--clients": return false
        default: return try options.take(flag, &flags)
        }
        return true
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> EgressResult {
        try options.check()
        var result = EgressResult(few: few, many: many, fronts: options.fronts)
        for pair in 1...pairs {
            func run(_ clients: Int) throws -> FanOutResult {
                progress.begin("pair \(pair) of \(pairs), \(clients) readers: ")
                var options = options
                options.clients = clients
                return try FanOutRun(subject: .product, options: options, progress: progress).measure(on: loop)
            }
            result.add(few: try run(few), many: try run(many))
        }
        return result
    }
}

/// What `bench egress` measured. Field names are the JSON's; in each pair `product` is that of many readers, `reference` of few.
package struct EgressResult: Codable, Equatable, BenchResult {
    package let few: Int
    package let many: Int
    package let fronts: Int
    /// Bytes a tick from the back to all fronts.
    package var bytes = PairedFigures()
    /// Microseconds of the back's CPU a tick.
    package var cpu = PairedFigures()
    package private(set) var isComplete = true

    init(few: Int, many: Int, fronts: Int) {
        self.few = few
        self.many = many
        self.fronts = fronts
    }

    mutating func add(few: FanOutResult, many: FanOutResult) {
        bytes.add(product: many.trunkBytesPerTick ?? 0, reference: few.trunkBytesPerTick ?? 0)
        cpu.add(product: many.backMicrosecondsPerTick ?? 0, reference: few.backMicrosecondsPerTick ?? 0)
        isComplete = isComplete && few.deliveries > 0 && many.deliveries > 0 && few.corrupt + many.corrupt == 0
    }

    package var table: String {
        func middle(_ values: [Double], _ unit: String) -> String {
            "\(FigureText.fixed(PairedFigures.median(values), 1)) \(unit)"
        }
        return
            "egress: \(FigureText.grouped(UInt64(few))) and \(FigureText.grouped(UInt64(many))) readers on \(fronts) fronts\n"
            + TextTable.columns([
                ("bytes a tick, few", middle(bytes.reference, "bytes")),
                ("bytes a tick, many", middle(bytes.product, "bytes")),
                ("ratio", bytes.text),
                ("the back's CPU a tick, few", middle(cpu.reference, "µs")),
                ("the back's CPU a tick, many", middle(cpu.product, "µs")),
                ("ratio", cpu.text),
            ])
    }
}
