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
    ]

    static let help = """
        hub bench: measures this build on this machine, with real processes and sockets

        Usage: hub bench BENCHMARK [flags]

        Benchmarks:
          tick       messages through front, trunk, back, tick and back to everyone
          uplink     clients' inputs through one front, beside a relay in plain C
          round-trip from one client's input to what another sees, beside a relay in plain C
          idle       memory of a connection that says nothing
          fan-out    one changed row a tick, to many clients
          ingest     an input between the socket and the application, in memory, beside plain C
          jobs       page jobs a second, beside plain SQLite in C
          state      sizes and speed of patches, beside plain C

        'hub bench BENCHMARK --help' lists its flags.

        """

    /// Runs what the words after `bench` ask for. Exit codes: 0 measured, 1 could not run or lost deliveries, 2 wrong flags.
    package static func run(arguments: [String]) async -> Int32 {
        guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
            print(help, terminator: "")
            return arguments.isEmpty ? 2 : 0
        }
        if name == "jobs" { return JobsBenchCommand.run(Array(arguments.dropFirst())) }
        if name == "state" { return StateCommand.run(Array(arguments.dropFirst())) }
        if let load = LoadOptions.Benchmark(rawValue: name) {
            return await LoadRun.run(load, Array(arguments.dropFirst()))
        }
        if name == "idle" { return await IdleRun.run(Array(arguments.dropFirst())) }
        if name == "ingest" { return IngestCommand.run(Array(arguments.dropFirst())) }
        guard name == "fan-out" else {
            return complain("there is no benchmark '\(name)'; 'hub bench --help' lists them", 2)
        }
        let options: FanOutOptions
        do throws(FanOutOptions.Mistake) {
            options = try FanOutOptions(Array(arguments.dropFirst()))
        } catch {
            return complain("\(error)", 2)
        }
        if options.wantsHelp {
            print(FanOutOptions.help, terminator: "")
            return 0
        }
        return await onLoopThread { FanOutCommand(options).run() }
    }

    static func complain(_ text: String, _ code: Int32) -> Int32 {
        fflush(nil)
        let line = "hub bench: \(text)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
        return code
    }
}
