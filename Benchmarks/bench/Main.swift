import Bench
import Glibc

/// The benchmarks as a command of their own; `hub bench` calls the same entries.
@main
struct Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let name = arguments.first, let entry = BenchCommand.internalEntries[name] {
            exit(await entry(Array(arguments.dropFirst())))
        }
        exit(await BenchCommand.run(arguments: arguments))
    }
}
