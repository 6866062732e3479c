import FrontChannel
import Hub

/// `hub front`: the standard front, which a hub starts, or a person for a cluster without one.
enum FrontCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            try await FrontProcess.serve(arguments: arguments)
            return 0
        } catch {
            Console.complain("hub front: \(error)")
            return 2
        }
    }
}
