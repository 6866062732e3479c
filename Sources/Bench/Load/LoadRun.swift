import Glibc
import Loop
import Node

/// A benchmark with writers: starts the processes, measures, stops them; once, or in turn with the C reference.
struct LoadRun {
    let options: LoadOptions
    private static let settleNanoseconds: UInt64 = 800_000_000
    private static let countingNanoseconds = 400_000_000

    static func run(_ benchmark: LoadOptions.Benchmark, _ arguments: [String]) async -> Int32 {
        let options: LoadOptions
        do { options = try LoadOptions(benchmark, arguments) } catch { return BenchCommand.complain("\(error)", 2) }
        if options.output.wantsHelp {
            print(options.help, terminator: "")
            return 0
        }
        return await onLoopThread { LoadRun(options: options).command() }
    }

    private func command() -> Int32 {
        if let advice = DescriptorLimit.raise(to: options.clients + 256) { return BenchCommand.complain(advice, 1) }
        let progress = Progress()
        do {
            let loop = try EventLoop()
            // When our starter is gone we go, and with us our lifeline's end.
            let watcher = try NodeEnvironment.lifeline.map { try DescriptorWatcher($0, on: loop) { exit(1) } }
            defer { watcher?.close() }
            guard options.pairs > 0 else {
                return try options.output.put(try measure(.product, loop, progress))
            }
            var comparison = LoadComparison()
            for pair in 1...options.pairs {
                progress.begin("pair \(pair) of \(options.pairs), product: ")
                let product = try measure(.product, loop, progress)
                progress.begin("pair \(pair) of \(options.pairs), plain C: ")
                comparison.add(product, try measure(.reference, loop, progress))
            }
            return try options.output.put(comparison)
        } catch {
            progress.end()
            return BenchCommand.complain("\(error)", 1)
        }
    }

    func measure(
        _ subject: BenchCluster.Subject, _ loop: EventLoop, _ progress: Progress
    ) throws -> LoadResult {
        defer { progress.end() }
        let cluster = try BenchCluster(on: loop, executable: BenchExecutable.own)
        defer { cluster.stop() }
        progress.say("starting processes")
        switch subject {
        case .product: try cluster.startProduct([["bench-load-back", options.back.text]], fronts: options.fronts)
        case .reference:
            try cluster.startReference(["relay-reference", "sink", "--hz", "\(options.hz)"], isBack: true)
            try cluster.startReference(["relay-reference", "relay", "--sink", cluster.back?.address ?? ""])
        }
        try cluster.startGenerators(options.plans.map { ["bench-load", $0.text] }, clients: options.clients, progress)
        let start = loop.nowNanoseconds + Self.settleNanoseconds
        let window = Window(start: start, end: start + UInt64(options.seconds) * 1_000_000_000, period: 1)
        for generator in cluster.generators { generator.measure(window) }
        try cluster.wait(until: window.start)
        let before = sample(cluster)
        let calls = try systemCalls(of: cluster, subject, loop, progress)
        for second in 1...options.seconds {
            progress.say("measuring: \(options.seconds - second + 1) s to go")
            try cluster.wait(until: window.start + UInt64(second) * 1_000_000_000)
        }
        let after = sample(cluster)
        try cluster.wait(10_000, "a load generator did not tell what it counted") {
            cluster.generators.allSatisfy { $0.tally != nil }
        }
        var tally = DeliveryTally()
        for generator in cluster.generators { if let part = generator.tally { tally.add(part) } }
        var result = LoadResult(
            subject, tally, window, front: after.front - before.front, back: after.back - before.back,
            generators: zip(after.generators, before.generators).map { $0 - $1 })
        result.front.systemCallsPerMessage = calls?.front
        result.back.systemCallsPerMessage = calls?.back
        if subject == .product { result.creditBytes = options.back.creditBytes }
        return result
    }

    /// System calls a message of the first front and of the back, for a part of the window each, at the rate at which messages
    /// are to be sent.
    private func systemCalls(
        of cluster: BenchCluster, _ subject: BenchCluster.Subject, _ loop: EventLoop, _ progress: Progress
    ) throws -> (front: Double, back: Double)? {
        guard options.countsSystemCalls, subject == .product, let front = cluster.servers.first, let back = cluster.back
        else { return nil }
        progress.say("counting system calls")
        func calls(_ pid: Int32) throws -> Double {
            // Its loop's thread is the one that works now; at its start another may have done more.
            let before = ProcessUsage.threads(of: pid)
            try cluster.wait(until: loop.nowNanoseconds + 100_000_000)
            let worked = ProcessUsage.threads(of: pid).map { ($0.key, $0.value - (before[$0.key] ?? 0)) }
            guard let thread = worked.max(by: { $0.1 < $1.1 })?.0 else { throw BenchFailure("process \(pid) is gone") }
            return Double(try InstructionCount.systemCalls(ofThread: thread, for: Self.countingNanoseconds))
        }
        let sent = Double(options.clients - options.readers) * options.rate * Double(Self.countingNanoseconds) / 1e9
        return (try calls(front.pid) / sent * Double(options.fronts), try calls(back.pid) / sent)
    }

    private func sample(
        _ cluster: BenchCluster
    ) -> (front: ProcessUsage, back: ProcessUsage, generators: [ProcessUsage]) {
        (
            cluster.servers.reduce(ProcessUsage()) { $0 + (ProcessUsage.of($1.pid) ?? ProcessUsage()) },
            cluster.back.flatMap { ProcessUsage.of($0.pid) } ?? ProcessUsage(),
            cluster.generators.map { ProcessUsage.of($0.child.pid) ?? ProcessUsage() }
        )
    }
}
