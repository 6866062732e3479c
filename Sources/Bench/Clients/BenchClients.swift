import Glibc
import Loop
import Node

/// A load generator of readers: `bench-clients PLAN ADDRESS …`, told by its starter over descriptor 4 what to measure.
enum BenchClients {
    /// The socket to the harness, as the child numbers it.
    static let controlDescriptor: Int32 = 4

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        let addresses = arguments.dropFirst().compactMap { SocketAddress($0) }
        guard let plan = arguments.first.flatMap({ ReaderPlan($0) }), !addresses.isEmpty, !plan.channels.isEmpty else {
            return BenchCommand.complain("bench-clients needs PLAN ADDRESS …", 2)
        }
        return await onLoopThread { serve(plan, addresses) }
    }

    private static func serve(_ plan: ReaderPlan, _ addresses: [SocketAddress]) -> Int32 {
        do {
            let loop = try EventLoop()
            let shell = try ClientsShell(loop, plan, addresses)
            shell.start()
            loop.run()
            return 0
        } catch {
            return BenchCommand.complain("a load generator: \(error)", 1)
        }
    }
}
