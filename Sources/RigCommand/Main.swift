import Glibc
import Rig

/// The `hub-rig` executable.
@main
struct Main {
    static func main() async {
        exit(await RigCommand.run(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
