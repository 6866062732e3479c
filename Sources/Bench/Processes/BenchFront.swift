import FrontChannel

/// A front of a benchmark: the standard front, with the options of one that has no hub.
enum BenchFront {
    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        do {
            try await FrontProcess.serve(arguments: arguments)
            return 0
        } catch {
            return BenchCommand.complain("the front: \(error)", 1)
        }
    }
}
