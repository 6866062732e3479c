import Glibc
import Loop

/// One run: starts the processes, measures, stops them.
struct FanOutRun {
    let subject: BenchCluster.Subject
    let options: FanOutOptions
    let progress: Progress
    /// So long after the last client got in, the measurement begins.
    private static let settleNanoseconds: UInt64 = 500_000_000

    /// The CPU of all processes at one moment.
    private struct Sample {
        var servers = ProcessUsage()
        var back = ProcessUsage()
        var generators: [ProcessUsage] = []
    }

    func measure(on loop: EventLoop) throws -> FanOutResult {
        defer { progress.end() }
        let cluster = try BenchCluster(on: loop, executable: BenchExecutable.own)
        defer { cluster.stop() }
        progress.say("starting processes")
        switch subject {
        case .product:
            let plans = options.families.map {
                BenchBack.Plan(hz: options.hz, byteCount: options.bytes, family: $0.name)
            }
            try cluster.startProduct(plans.map { ["bench-back", $0.text] }, fronts: options.fronts)
        case .reference:
            try cluster.startReference([
                "fanout-reference", "--hz", "\(options.hz)", "--bytes", "\(options.bytes)", "--patches",
                "\(options.patches)", "--inputs", options.wantsInputs ? "1" : "0",
            ])
        }
        try cluster.startGenerators(
            options.readerPlans.map { ["bench-clients", $0.text] }, clients: options.clients, progress)
        let period = options.periodNanoseconds
        let slots = UInt64(max(1, (Double(options.seconds) * options.hz).rounded()))
        let first = (loop.nowNanoseconds + Self.settleNanoseconds) / period + 2
        let window = Window(start: first * period, end: (first + slots) * period, period: period)
        for generator in cluster.generators { generator.measure(window) }

        // Between two slots, when nothing is under way.
        try cluster.wait(until: window.start - period / 2)
        let figuresBefore = figures(cluster)
        let before = sample(cluster)
        try waitOutWindow(window, cluster)
        let after = sample(cluster)
        let figuresAfter = figures(cluster)
        try cluster.wait(10_000, "a load generator did not tell what it counted") {
            cluster.generators.allSatisfy { $0.tally != nil }
        }
        var tally = DeliveryTally()
        for generator in cluster.generators { if let part = generator.tally { tally.add(part) } }
        var result = FanOutResult(subject, options, tally, window)
        result.take(
            servers: after.servers - before.servers, back: after.back - before.back,
            generators: zip(after.generators, before.generators).map { $0 - $1 }, window)
        result.take(frontCounters: figuresBefore, figuresAfter)
        return result
    }

    private func waitOutWindow(_ window: Window, _ cluster: BenchCluster) throws {
        let end = window.end - window.period / 2
        var now = cluster.loop.nowNanoseconds
        while now < end {
            progress.say("measuring: \((end - now) / 1_000_000_000 + 1) s to go")
            try cluster.wait(until: min(end, now + 1_000_000_000))
            now = cluster.loop.nowNanoseconds
        }
    }

    private func sample(_ cluster: BenchCluster) -> Sample {
        Sample(
            servers: cluster.servers.reduce(ProcessUsage()) { $0 + (ProcessUsage.of($1.pid) ?? ProcessUsage()) },
            back: cluster.backs.reduce(ProcessUsage()) { $0 + (ProcessUsage.of($1.pid) ?? ProcessUsage()) },
            generators: cluster.generators.map { ProcessUsage.of($0.child.pid) ?? ProcessUsage() })
    }

    /// What the fronts counted, added up; empty for the reference, which counts nothing.
    private func figures(_ cluster: BenchCluster) -> [String: Double] {
        guard subject == .product else { return [:] }
        var sum: [String: Double] = [:]
        for front in cluster.servers {
            guard let counters = front.port.flatMap(FrontFigures.ask)?.counters else { return [:] }
            sum.merge(counters, uniquingKeysWith: +)
        }
        return sum
    }
}
