import Glibc
import Loop
import Node

/// A load generator: `bench-clients COUNT ROW-BYTES ADDRESS …`, told by its starter over descriptor 4 what to measure.
enum BenchClients {
    /// The socket to the harness, as the child numbers it.
    static let controlDescriptor: Int32 = 4

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        let addresses = arguments.dropFirst(2).compactMap { SocketAddress($0) }
        guard arguments.count >= 3, addresses.count == arguments.count - 2, let count = Int(arguments[0]),
            let rowByteCount = Int(arguments[1])
        else { return BenchCommand.complain("bench-clients needs COUNT ROW-BYTES ADDRESS …", 2) }
        return await onLoopThread { serve(count, rowByteCount, addresses) }
    }

    private static func serve(_ count: Int, _ rowByteCount: Int, _ addresses: [SocketAddress]) -> Int32 {
        do {
            let loop = try EventLoop()
            let shell = try ClientsShell(loop, count, rowByteCount: rowByteCount, addresses)
            shell.start()
            loop.run()
            return 0
        } catch {
            return BenchCommand.complain("a load generator: \(error)", 1)
        }
    }
}
