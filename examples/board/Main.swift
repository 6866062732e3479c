import BackChannel
import FrontChannel
import Worker

/// One program for all three parts of the site: `board back`, `board front` and `board worker`, each started by `hub run`.
@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "back":
            // By their whole names: these boards there are, and they are kept for good.
            try await BackProcess.run(arguments: rest) { setup in
                for board in BoardName.all { setup.channels(board.channel, Board.self, rate: .hertz(20), idle: .pause) }
            }
        case "front": try await BoardFront.run(arguments: rest)
        case "worker": try await BoardWorker.run()
        default: print("USAGE: board back | front | worker\n\nStarted by 'hub run'; 'make run-board' says how.")
        }
    }
}
