/// What a benchmark with writing clients is to measure, from its flags: `tick`, `uplink` or `round-trip`.
struct LoadOptions {
    enum Benchmark: String, CaseIterable {
        case tick, uplink
        case roundTrip = "round-trip"
    }

    let benchmark: Benchmark
    var clients: Int
    var readers: Int
    var perRead = 1
    var bytes = 64
    /// Inputs a second of each client that writes.
    var rate: Double
    var hz: Double
    var seconds: Int
    var fronts = 1
    var generators: Int
    /// MiB of inputs that each front may have under way.
    var creditMebibytes = 1
    /// Pairs of runs beside the C reference; 0 for the product alone.
    var pairs: Int
    /// Whether the system calls of fronts and back are counted too, each of which is stopped at every one for a part of the time.
    var countsSystemCalls = false
    var output: BenchOutput

    init(_ benchmark: Benchmark, _ arguments: [String]) throws(BenchFailure) {
        self.benchmark = benchmark
        output = BenchOutput(name: benchmark.rawValue, arguments: arguments)
        switch benchmark {
        case .tick: (clients, readers, rate, hz, seconds, generators, pairs) = (4000, 100, 400, 20, 10, 4, 0)
        case .uplink: (clients, readers, rate, hz, seconds, generators, pairs) = (1000, 0, 20, 20, 4, 2, 15)
        case .roundTrip: (clients, readers, rate, hz, seconds, generators, pairs) = (11, 10, 100, 2000, 3, 1, 15)
        }
        if benchmark == .tick { (fronts, perRead, creditMebibytes) = (2, 16, 8) }
        var flags = FlagReader(arguments, of: benchmark.rawValue)
        while let flag = flags.next() {
            if try output.take(flag, &flags) { continue }
            switch flag {
            case "--clients": clients = try flags.whole(1...50_000)
            case "--readers": readers = try flags.whole(0...50_000)
            case "--per-read": perRead = try flags.whole(1...128)
            case "--bytes": bytes = try flags.whole(8...1000)
            case "--rate": rate = try flags.number(0.1...100_000)
            case "--hz": hz = try flags.number(0.1...10_000)
            case "--seconds": seconds = try flags.whole(1...3600)
            case "--fronts": fronts = try flags.whole(1...64)
            case "--generators": generators = try flags.whole(1...64)
            case "--credit": creditMebibytes = try flags.whole(1...8)
            case "--system-calls": countsSystemCalls = true
            case "--pairs": pairs = try flags.whole(0...100)
            default: throw flags.unknown
            }
        }
        guard readers <= clients else { throw BenchFailure("--readers are among the --clients: give fewer") }
        guard clients >= generators else { throw BenchFailure("give at least as many --clients as --generators") }
    }

    /// Nanoseconds between two writes of one client.
    var period: UInt64 { UInt64(Double(perRead) / rate * 1e9) }

    /// In `tick` those who do not write are the ones who see what is written: elsewhere all do, as with the C relay.
    var back: LoadBack.Plan {
        LoadBack.Plan(hz: hz, viewers: benchmark == .tick ? .readers : .everyone, creditBytes: creditMebibytes << 20)
    }

    /// One plan a generator; readers and writers are spread evenly.
    var plans: [LoadPlan] {
        func share(_ all: Int, _ place: Int) -> Int { all / generators + (place < all % generators ? 1 : 0) }
        return (0..<generators).map { place in
            let writing = share(clients - readers, generators - 1 - place)
            return LoadPlan(
                clients: writing + share(readers, place), readers: share(readers, place), perRead: perRead,
                bytes: bytes, period: period)
        }
    }

    var help: String {
        let what =
            switch benchmark {
            case .tick: "messages through client, front, trunk, back, tick and back to those who read"
            case .uplink: "clients' inputs through one front to the back, beside a relay in plain C"
            case .roundTrip: "from one client's input to what another sees, beside a relay in plain C"
            }
        return """
            hub bench \(benchmark.rawValue): \(what)

            Usage: hub bench \(benchmark.rawValue) [flags]

            Flags:
              --clients N       WebSocket clients, 1 to 50000. Default: \(clients).
              --readers N       How many of them do not write\(benchmark == .tick ? ", and alone see what is written" : ""). Default: \(readers).
              --per-read N      Messages that a client sends in one write, 1 to 128. Default: \(perRead).
              --bytes N         Size of an input, 8 to 1000. Default: \(bytes).
              --rate N          Inputs a second of each writer. Default: \(FigureText.fixed(rate, 0)).
              --hz N            Ticks a second, 0.1 to 10000. Default: \(FigureText.fixed(hz, 0)).
              --seconds N       How long to measure. Default: \(seconds).
              --fronts N        Front processes. Default: \(fronts).
              --credit N        MiB of inputs that each front may have under way, 1 to 8. Default: \(creditMebibytes).
              --generators N    Load generator processes. Default: \(generators).
              --pairs N         Pairs of runs, the product and plain C in turn; 0 for the product alone. Default: \(pairs).
              --system-calls    Also count system calls of a front and the back, of the product alone; they are stopped at each for
                                a while, so nothing else of that run means anything.
              --json            Print the result as JSON.
              --report FILE     Also write an HTML page with plots to FILE; it opens without a network.
              --help            Show this page.

            Each tick publishes the newest input\(benchmark == .tick ? " to the readers; a writer gets its acks" : " to all"). Latency counts from when that input was meant to be sent to its arrival at a
            client. CPU is that of the whole processes. Exit codes: 0 measured, 1 could not run, 2 wrong flags.

            """
    }
}
