/// What `bench fan-out` and `bench burst` are to measure, from their flags.
package struct FanOutOptions: Sendable, Equatable {
    package var clients = 1000
    package var hz = 20.0
    package var bytes = 4096
    package var seconds = 10
    package var fronts = 1
    /// Patches that each client gets in a tick: it reads so many channels that change together.
    package var patches = 1
    /// Whether each client sends an input a tick, and so gets an ack of its own in each.
    package var wantsInputs = false
    /// Back processes; the channels are divided among them.
    package var backs = 1
    /// Load generator processes; nil: one for each 500 clients, at most two.
    package var generators: Int?
    /// Pairs of runs against the reference; nil: the product alone.
    package var pairs: Int?

    package init() {}

    /// 16 small patches to each client, beside plain C.
    package static var burst: FanOutOptions {
        var options = FanOutOptions()
        (options.clients, options.hz, options.bytes, options.patches, options.pairs) = (500, 10, 256, 16, 15)
        return options
    }

    /// Reads a whole command line, as `fan-out` does.
    package init(_ arguments: [String]) throws(BenchFailure) {
        var flags = FlagReader(arguments, of: "fan-out")
        while let flag = flags.next() { guard try take(flag, &flags) else { throw flags.unknown } }
        try check()
    }

    /// Takes a flag with its value; false if there is none of that name.
    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--compare": pairs = pairs ?? 3
        case "--pairs":
            let count = try flags.whole(0...100)
            pairs = count == 0 ? nil : count
        case "--clients": clients = try flags.whole(1...50_000)
        case "--bytes": bytes = try flags.whole(16...200_000)
        case "--seconds": seconds = try flags.whole(1...3600)
        case "--fronts": fronts = try flags.whole(1...64)
        case "--patches": patches = try flags.whole(1...64)
        case "--inputs": wantsInputs = true
        case "--generators": generators = try flags.whole(1...64)
        case "--hz": hz = try flags.number(0.1...1000)
        default: return false
        }
        return true
    }

    /// - Throws: when the flags do not go together.
    func check() throws(BenchFailure) {
        let hertz = hz == hz.rounded() ? "\(Int(hz))" : "\(hz)"
        guard hz * Double(seconds) >= 1 else {
            throw BenchFailure("no tick fits into --seconds \(seconds) at --hz \(hertz)")
        }
    }

    /// The grid's step, as `Rate` makes it.
    package var periodNanoseconds: UInt64 { UInt64((1e9 / hz).rounded()) }
    package var generatorCount: Int { max(sliceCount, min(clients, generators ?? min(2, (clients + 499) / 500))) }
    /// A client reads at most 50 channels: with more, each load generator's clients read a slice of them.
    private var sliceCount: Int { (patches + 49) / 50 }
    /// Patches that all clients together get in a tick.
    var deliveriesPerTick: Int { readerPlans.reduce(0) { $0 + $1.clients * $1.channels.count } }

    /// What each back has: its family, and how many of the channels.
    var families: [(name: String, channelCount: Int)] {
        (0..<backs).map { ("bench\($0)", patches / backs + ($0 < patches % backs ? 1 : 0)) }.filter { $0.1 > 0 }
    }

    /// One plan a generator; the clients are spread evenly.
    var readerPlans: [ReaderPlan] {
        let channels = families.flatMap { BenchBack.channels($0.channelCount, family: $0.name) }
        return (0..<generatorCount).map { place in
            ReaderPlan(
                clients: clients / generatorCount + (place < clients % generatorCount ? 1 : 0), rowByteCount: bytes,
                channels: channels.enumerated().filter { $0.offset % sliceCount == place % sliceCount }.map(\.element),
                inputPeriod: wantsInputs ? periodNanoseconds : nil)
        }
    }
}
