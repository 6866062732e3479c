import Glibc
import Loop
import Node

/// `bench fan-out`, once its flags are understood: runs, prints, and answers the exit code.
struct FanOutCommand {
    private let options: FanOutOptions

    init(_ options: FanOutOptions) { self.options = options }

    func run() -> Int32 {
        // A client is a descriptor at its front and one at its load generator.
        if let advice = DescriptorLimit.raise(to: options.clients + 256) { return BenchCommand.complain(advice, 1) }
        let progress = Progress()
        do {
            let loop = try EventLoop()
            // When our starter is gone we go, and with us our lifeline's end.
            let watcher = try NodeEnvironment.lifeline.map { try DescriptorWatcher($0, on: loop) { exit(1) } }
            defer { watcher?.close() }
            return try options.pairs.map { try compare($0, loop, progress) } ?? single(loop, progress)
        } catch {
            progress.end()
            return BenchCommand.complain("\(error)", 1)
        }
    }

    private func single(_ loop: EventLoop, _ progress: Progress) throws -> Int32 {
        let result = try measure(.product, loop, progress)
        print(options.wantsJSON ? try JSONOutput.text(of: result) : result.table, terminator: "")
        return result.isComplete ? 0 : 1
    }

    private func compare(_ pairs: Int, _ loop: EventLoop, _ progress: Progress) throws -> Int32 {
        var comparison = FanOutComparison()
        for pair in 1...pairs {
            progress.begin("pair \(pair) of \(pairs), product: ")
            let product = try measure(.product, loop, progress)
            progress.begin("pair \(pair) of \(pairs), reference: ")
            comparison.add(product, try measure(.reference, loop, progress))
        }
        print(options.wantsJSON ? try JSONOutput.text(of: comparison) : comparison.table, terminator: "")
        return comparison.isComplete ? 0 : 1
    }

    private func measure(
        _ subject: BenchCluster.Subject, _ loop: EventLoop, _ progress: Progress
    ) throws -> FanOutResult {
        defer { progress.end() }
        let run = FanOutRun(
            subject: subject, options: options, executable: BenchExecutable.own, progress: progress)
        return try run.measure(on: loop)
    }
}
