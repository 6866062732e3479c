import BackChannel
import Glibc

/// A back for the multi-process tests. Its first argument says which half of the cluster's channels it owns.
///
/// `alpha` has `room` and `room/*`; `beta` has `room/1/deep/*` and `counter/*`: ids that are prefixes of one another lie in
/// different families and processes.
@main
struct Main {
    static func main() async throws {
        let families: [String] =
            switch CommandLine.arguments.dropFirst().first {
            case "alpha": ["room", "room/*"]
            case "beta": ["room/1/deep/*", "counter/*"]
            default: []
            }
        guard !families.isEmpty else {
            print("fixture-back: say alpha or beta")
            exit(2)
        }
        try await BackProcess.run(arguments: Array(CommandLine.arguments.dropFirst(2))) { setup in
            for family in families { setup.channels(family, Room.self, rate: .hertz(50), closesAfter: .seconds(1)) }
            setup.options = Array("{\"serves\":\"\(families[0])\"}".utf8)
            setup.started { back in Task.detached { Control(back).serve() } }
        }
    }
}
