import Glibc
import Loop
import Node

/// `bench idle`: what a WebSocket client that reads a channel and says nothing costs its front, in memory of its own.
struct IdleRun {
    private var clients = 10_000
    private var wantsJSON = false
    private var wantsHelp = false

    /// What one run measured. Field names are the JSON's.
    package struct Result: Codable, Equatable {
        package var clients: Int
        /// Bytes of anonymous memory that are resident, a client.
        package var bytesPerClient: Double
        /// Bytes of the front before the first client.
        package var baseBytes: Int
    }

    private static let help = """
        hub bench idle: memory of a front for each WebSocket client that says nothing

        Usage: hub bench idle [flags]

        Flags:
          --clients N   How many, 100 to 50000. Default: 10000.
          --json        Print the result as JSON.
          --help        Show this page.

        The clients are in a session and read one channel that does not change. Counted is what the front's process has
        resident of its own, with them less without them; the kernel's share of a socket is not in it.

        """

    static func run(_ arguments: [String]) async -> Int32 {
        var run = IdleRun()
        do {
            var flags = FlagReader(arguments, of: "idle")
            while let flag = flags.next() {
                switch flag {
                case "--help", "-h": run.wantsHelp = true
                case "--json": run.wantsJSON = true
                case "--clients": run.clients = try flags.whole(100...50_000)
                default: throw flags.unknown
                }
            }
        } catch { return BenchCommand.complain("\(error)", 2) }
        if run.wantsHelp {
            print(help, terminator: "")
            return 0
        }
        let ready = run
        return await onLoopThread { ready.command() }
    }

    private func command() -> Int32 {
        if let advice = DescriptorLimit.raise(to: clients + 256) { return BenchCommand.complain(advice, 1) }
        let progress = Progress()
        do {
            let result = try measure(try EventLoop(), progress)
            progress.end()
            let table = TextTable.columns([
                ("a client", "\(FigureText.fixed(result.bytesPerClient, 0)) bytes"),
                ("the front without clients", "\(result.baseBytes >> 10) KiB"),
            ])
            let title = "idle: \(FigureText.grouped(UInt64(clients))) WebSocket clients of one front\n"
            print(wantsJSON ? try JSONOutput.text(of: result) : title + table, terminator: "")
            return 0
        } catch {
            progress.end()
            return BenchCommand.complain("\(error)", 1)
        }
    }

    private func measure(_ loop: EventLoop, _ progress: Progress) throws -> Result {
        let cluster = try BenchCluster(on: loop, executable: BenchExecutable.own)
        defer { cluster.stop() }
        // A rate so low that nothing changes meanwhile.
        try cluster.startProduct([["bench-load-back", LoadBack.Plan(hz: 20).text]], fronts: 1)
        guard let front = cluster.servers.first, let before = ProcessMemory.ownBytes(front.pid) else {
            throw BenchFailure("the front's memory cannot be read")
        }
        let plan = LoadPlan(clients: clients, readers: clients, perRead: 1, bytes: 8, period: 1_000_000_000)
        try cluster.startGenerators([["bench-load", plan.text]], clients: clients, progress)
        try cluster.wait(until: loop.nowNanoseconds + 500_000_000)
        guard let after = ProcessMemory.ownBytes(front.pid) else { throw BenchFailure("the front is gone") }
        return Result(clients: clients, bytesPerClient: Double(after - before) / Double(clients), baseBytes: before)
    }
}
