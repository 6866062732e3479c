import Glibc
import Node

/// The benchmarks, as a subcommand: `hub bench fan-out …`. Each runs real processes, which are this executable started again.
package enum BenchCommand {
    /// An entry that a command line's first word leads to; it answers the exit code.
    package typealias Entry = @Sendable ([String]) async -> Int32

    /// What the executable must lead to when the harness starts it again: `bench-back …` and so on. Not for people.
    package static let internalEntries: [String: Entry] = [
        "bench-back": BenchBack.run, "bench-front": BenchFront.run, "bench-clients": BenchClients.run,
        "bench-ingest": IngestCommand.work, "bench-load-back": LoadBack.run, "bench-load": LoadShell.run,
        "bench-count": CountCommand.run,
        "bench-join": JoinShell.run, "bench-lateness-back": LatenessBack.run, "bench-start-back": StartBack.run,
    ]

    /// A benchmark by its word, with what it measures in a few.
    private struct Listed: Sendable {
        let name: String
        let summary: String
        let run: Entry
    }

    private static let all: [Listed] = [
        load(.tick, "messages through front, trunk, back, tick and back to everyone"),
        load(.uplink, "clients' inputs through one front, beside a relay in plain C"),
        load(.roundTrip, "from one client's input to what another sees, beside a relay in plain C"),
        listed(FanOutBenchmark.self, "one changed row a tick, to many clients, beside plain C"),
        listed(BurstBenchmark.self, "16 patches to each client in one tick, beside plain C"),
        listed(LinksBenchmark.self, "many clients join a front, and resume, with a large state"),
        listed(LatenessBenchmark.self, "how late a busy back's ticks begin, beside plain C"),
        listed(EgressBenchmark.self, "what a back sends and does for few readers and for many"),
        listed(StartBenchmark.self, "from 'hub run' to the first tick; the size of the binary"),
        listed(GrowthBenchmark.self, "how cost grows with fronts, clients, channels, rows and payload"),
        Listed(name: "idle", summary: "memory of a connection that says nothing", run: IdleRun.run),
        Listed(
            name: "ingest", summary: "an input between the socket and the application, in memory, beside plain C",
            run: { IngestCommand.run($0) }),
        Listed(
            name: "jobs", summary: "page jobs a second, beside plain SQLite in C", run: { JobsBenchCommand.run($0) }),
        Listed(
            name: "state", summary: "sizes and speed of patches, beside plain C", run: { StateCommand.run($0) }),
    ]

    private static func listed<B: Benchmark>(_ type: B.Type, _ summary: String) -> Listed {
        Listed(name: B.name, summary: summary, run: BenchmarkRun<B>.run)
    }

    private static func load(_ benchmark: LoadOptions.Benchmark, _ summary: String) -> Listed {
        Listed(name: benchmark.rawValue, summary: summary) { await LoadRun.run(benchmark, $0) }
    }

    /// The names of all benchmarks.
    package static var names: [String] { all.map(\.name) }

    static var help: String {
        "hub bench: measures this build on this machine, with real processes and sockets\n\n"
            + "Usage: hub bench BENCHMARK [flags]\n\nBenchmarks:\n"
            + TextTable.columns(all.map { ($0.name, $0.summary) })
            + "\n'hub bench BENCHMARK --help' lists its flags.\n"
    }

    /// Runs what the words after `bench` ask for. Exit codes: 0 measured, 1 could not run or lost deliveries, 2 wrong flags.
    package static func run(arguments: [String]) async -> Int32 {
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            print(help, terminator: "")
            return arguments.isEmpty ? 2 : 0
        }
        guard let benchmark = all.first(where: { $0.name == name }) else {
            return complain("there is no benchmark '\(name)'; 'hub bench --help' lists them", 2)
        }
        return await benchmark.run(Array(arguments.dropFirst()))
    }

    static func complain(_ text: String, _ code: Int32) -> Int32 {
        fflush(nil)
        let line = "hub bench: \(text)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
        return code
    }
}
