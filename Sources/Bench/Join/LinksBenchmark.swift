import Glibc
import Loop

/// `bench links`: clients join one front that has a large state of a ticking channel, then all of them lose their connection and resume.
struct LinksBenchmark: Benchmark {
    static let name = "links"
    private var clients = 10_000
    private var stateBytes = 1 << 20
    private var hz = 5.0
    private var rate = 250.0
    private var generators = 2

    var help: BenchHelp {
        BenchHelp(
            summary: "clients join a front with a large state, and resume",
            flags: [
                ("--clients N", "WebSocket clients, 1 to 50000. Default: \(clients)."),
                ("--state-bytes N", "Size of the channel's state, 1024 to 4000000. Default: \(stateBytes)."),
                ("--rate N", "Clients that begin to join each second. Default: \(FigureText.fixed(rate, 0))."),
                ("--hz N", "Ticks a second; each changes a row. Default: \(FigureText.fixed(hz, 0))."),
                ("--generators N", "Load generator processes, 1 to 64. Default: \(generators)."),
            ],
            notes: """
                A join counts from when it was meant to begin to the mark that makes the client whole. Then each client's
                connection is cut, at the same rate, and it resumes with its token at what it holds. The longest turn is the front's
                own figure, loop_turn_longest_seconds, by the wall's clock: on a busy machine it has the others' time in it.

                """)
    }

    /// While one resumes its old connection may still be there; few resume at once.
    var descriptorCount: Int { clients + clients / 10 + 1024 }

    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool {
        switch flag {
        case "--clients": clients = try flags.whole(1...50_000)
        case "--state-bytes": stateBytes = try flags.whole(1024...4_000_000)
        case "--rate": rate = try flags.number(1...100_000)
        case "--hz": hz = try flags.number(0.1...1000)
        case "--generators": generators = try flags.whole(1...64)
        default: return false
        }
        return true
    }

    func measure(on loop: EventLoop, _ progress: Progress) throws -> JoinResult {
        let cluster = try BenchCluster(on: loop, executable: BenchExecutable.own)
        defer { cluster.stop() }
        progress.say("starting processes")
        let plan = BenchBack.Plan(hz: hz, byteCount: 64, stateByteCount: stateBytes)
        try cluster.startProduct([["bench-back", plan.text]], fronts: 1)
        // A share may not be empty.
        let count = min(generators, clients)
        let shares = (0..<count).map { clients / count + ($0 < clients % count ? 1 : 0) }
        try cluster.startGenerators(shares.map { ["bench-join", "\($0)"] }, clients: 0, progress)
        var result = JoinResult(clients: clients, stateBytes: stateBytes, hz: hz, rate: rate)
        result.join = try round("joining", cluster, progress)
        result.resume = try round("resuming", cluster, progress)
        result.longestTurnMilliseconds = (try figures(cluster).gauges?["loop_turn_longest_seconds"] ?? 0) * 1000
        return result
    }

    /// All clients once, and what the front counted meanwhile.
    private func round(_ what: String, _ cluster: BenchCluster, _ progress: Progress) throws -> JoinResult.Round {
        let before = try figures(cluster)
        let usage = usages(cluster)
        let base = cluster.loop.nowNanoseconds + 200_000_000
        let step = 1e9 / rate
        for (place, generator) in cluster.generators.enumerated() {
            generator.measure(
                Window(
                    start: base + UInt64(Double(place) * step), end: 0,
                    period: UInt64(step * Double(cluster.generators.count))))
        }
        let bound = UInt64(Double(clients) / rate * 1000) + 120_000
        let number = clients
        try cluster.wait(bound, "the clients were not all \(what) within \(bound / 1000) s") {
            progress.say("\(what): \(cluster.generators.reduce(0) { $0 + $1.doneCount }) of \(number)")
            return cluster.generators.allSatisfy { $0.tally != nil }
        }
        let seconds = Double(cluster.loop.nowNanoseconds - base) / 1e9
        let after = try figures(cluster)
        var tally = DeliveryTally()
        for generator in cluster.generators { if let part = generator.tally { tally.add(part) } }
        let used = zip(usages(cluster), usage).map { Double(($0 - $1).nanoseconds) / 1e9 / seconds }
        return JoinResult.Round(
            tally, before, after, seconds: seconds, frontShare: used[0], generatorShares: used.dropFirst())
    }

    /// The front first, then the generators.
    private func usages(_ cluster: BenchCluster) -> [ProcessUsage] {
        (cluster.servers + cluster.generators.map(\.child)).map { ProcessUsage.of($0.pid) ?? ProcessUsage() }
    }

    private func figures(_ cluster: BenchCluster) throws -> FrontFigures {
        guard let port = cluster.servers.first?.port, let figures = FrontFigures.ask(port: port) else {
            throw BenchFailure("the front did not tell its figures")
        }
        return figures
    }
}
