import Glibc
import Loop
import Node

/// A benchmark of the command: its flags, and what it measures. `BenchmarkRun` does what all of them share.
protocol Benchmark: Sendable {
    associatedtype Result: BenchResult
    static var name: String { get }
    /// With the defaults.
    init()
    /// The flags of its own, a line each with defaults, and the text around them.
    var help: BenchHelp { get }
    /// Descriptors that one of its processes may need.
    var descriptorCount: Int { get }
    /// Takes a flag of its own, with its value; false if it has none of that name.
    mutating func take(_ flag: String, _ flags: inout FlagReader) throws(BenchFailure) -> Bool
    /// Measures. `progress` is told what happens just now.
    func measure(on loop: EventLoop, _ progress: Progress) throws -> Result
}

/// What a benchmark answers, for people, programs and a report.
package protocol BenchResult: Encodable {
    /// For people.
    var table: String { get }
    /// For the report; none by default.
    var plots: [Plot] { get }
    /// Whether everything came that had to. If not the exit code is 1.
    var isComplete: Bool { get }
}

extension BenchResult {
    package var plots: [Plot] { [] }
}

/// The parts of a page of `--help`.
struct BenchHelp {
    /// What it measures, in a line.
    var summary: String
    /// Name with placeholder, and meaning with default.
    var flags: [(String, String)]
    /// What to know of the figures.
    var notes: String

    func text(_ name: String) -> String {
        let shared = [
            ("--json", "Print the result as JSON."),
            ("--report FILE", "Also write an HTML page with plots to FILE; it opens without a network."),
            ("--help", "Show this page."),
        ]
        return "hub bench \(name): \(summary)\n\nUsage: hub bench \(name) [flags]\n\nFlags:\n"
            + TextTable.columns(flags + shared) + "\n" + notes
            + "\nExit codes: 0 measured, 1 could not run or something was missing, 2 wrong flags.\n"
    }
}

/// The loop of one benchmark from its command line: flags, help, loop, progress, output, exit code.
enum BenchmarkRun<B: Benchmark> {
    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        var benchmark = B()
        var output = BenchOutput(name: B.name, arguments: arguments)
        do {
            var flags = FlagReader(arguments, of: B.name)
            while let flag = flags.next() {
                if try output.take(flag, &flags) { continue }
                guard try benchmark.take(flag, &flags) else { throw flags.unknown }
            }
        } catch { return BenchCommand.complain("\(error)", 2) }
        if output.wantsHelp {
            print(B().help.text(B.name), terminator: "")
            return 0
        }
        let (ready, printing) = (benchmark, output)
        return await onLoopThread { measure(ready, printing) }
    }

    private static func measure(_ benchmark: B, _ output: BenchOutput) -> Int32 {
        if let advice = DescriptorLimit.raise(to: benchmark.descriptorCount) { return BenchCommand.complain(advice, 1) }
        let progress = Progress()
        do {
            let loop = try EventLoop()
            // When our starter is gone we go, and with us our lifeline's end.
            let watcher = try NodeEnvironment.lifeline.map { try DescriptorWatcher($0, on: loop) { exit(1) } }
            defer { watcher?.close() }
            let result = try benchmark.measure(on: loop, progress)
            progress.end()
            return try output.put(result)
        } catch {
            progress.end()
            return BenchCommand.complain("\(error)", 1)
        }
    }
}
