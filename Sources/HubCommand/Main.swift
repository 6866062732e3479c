import Bench
import FrontChannel
import Glibc
import Hub

/// The `hub` executable: reads the command line against the table and runs what it names.
@main
struct Main {
    static func main() async {
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        // The benchmarks read their own words, and start this executable again under names of their own.
        if let first = arguments.first {
            let rest = Array(arguments.dropFirst())
            if first == "front" { return await FrontCommand.run(rest) }
            if first == "jobs" { return JobsCommand.run(rest) }
            if first == "worker" { return WorkerCommand.run(rest) }
            if first == "bench" { return await BenchCommand.run(arguments: rest) }
            if let entry = BenchCommand.internalEntries[first] { return await entry(rest) }
        }
        let parser = ArgumentParser(Commands.all)
        let invocation: Invocation
        do {
            invocation = try parser.parse(arguments)
        } catch {
            Console.complain("hub: \(error)")
            return 2
        }
        switch invocation {
        case .version:
            Console.say("hub \(HubVersion.text)")
            return 0
        case .help(let name):
            let page = name.flatMap(parser.command(named:)).map(HelpText.page) ?? HelpText.overview(Commands.all)
            print(page, terminator: "")
            return 0
        case .run("run", let arguments): return RunCommand.run(arguments)
        case .run("status", let arguments): return await StatusCommand.run(arguments)
        case .run("drain", let arguments): return DrainCommand.run(arguments)
        case .run("start", let arguments): return StartCommand.run(arguments)
        case .run(let name, _): preconditionFailure("the subcommand '\(name)' is in the table and does nothing")
        }
    }
}
