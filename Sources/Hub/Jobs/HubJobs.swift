import Core
import Glibc
import Jobs
import Loop

/// The hub's part of page jobs: the queue behind its lines, and a watch on each worker's process.
final class HubJobs {
    private let loop: EventLoop
    private let service: JobService
    /// The process behind each worker's line. What was watched for a line that is gone is kept: its runs may live on.
    private var watchers: [Int32: DescriptorWatcher] = [:]
    private var pids: [String: Int32] = [:]

    /// Says a message to a line; set by the hub's shell before it opens its socket.
    var send: ((HubConnectionID, JobMessage) -> Void)?

    /// Told which pages are in the store now.
    var built: (([JobPage]) -> Void)? {
        get { service.built }
        set { service.built = newValue }
    }

    /// Nil when no kind is declared: then there is no queue.
    ///
    /// - Parameters:
    ///   - declarations: as `JobDeclaration` reads them.
    ///   - stateFolder: where the store is.
    init?(
        _ declarations: [String], limits: JobLimits = JobLimits(), stateFolder: String, term: UInt32,
        on loop: EventLoop, log: Log
    ) throws(HubFailure) {
        guard !declarations.isEmpty else { return nil }
        self.loop = loop
        let way = Way()
        var dice = SystemRandomNumberGenerator()
        do {
            let catalogue = try JobCatalogue(declarations.map { try JobDeclaration.kind($0) })
            let store = try SQLiteJobStore(
                path: stateFolder + "/jobs.sqlite", wallOffset: Self.wallOffset(of: loop))
            service = try JobService(
                catalogue, limits: limits, store: store, term: term, seed: dice.next(), on: loop, log: log,
                send: { way.owner?.send?(HubConnectionID($0), $1) })
        } catch {
            throw HubFailure("jobs: \(error)", exitCode: 2)
        }
        way.owner = self
    }

    /// The service exists before we do.
    private final class Way {
        weak var owner: HubJobs?
    }

    /// Wall clock less the loop's clock, in nanoseconds.
    private static func wallOffset(of loop: EventLoop) -> Int64 {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec) - Int64(loop.nowNanoseconds)
    }

    var figures: ProcessReport { service.figures }
    var summary: JobSummary { service.summary }

    func receive(_ message: JobMessage, from connection: HubConnection) {
        if case .worker = message, let pid = connection.peer?.pid { watch(pid, connection.peerName) }
        service.receive(message, from: connection.id.rawValue, name: connection.peerName)
    }

    func lost(_ connection: HubConnection) { service.lost(connection.id.rawValue) }

    /// A worker whose process is gone gives its jobs back at once. Without a watch they wait for their leases to end.
    private func watch(_ pid: Int32, _ name: String) {
        pids[name] = pid
        guard watchers[pid] == nil else { return }
        let watcher = try? ProcessFacts.watch(pid, on: loop) { [weak self] in self?.ended(pid, name) }
        guard let watcher = watcher.flatMap({ $0 }) else { return }
        watchers[pid] = watcher
    }

    private func ended(_ pid: Int32, _ name: String) {
        watchers[pid] = nil
        // Another process may have the name by now, and its own runs.
        guard pids[name] == pid else { return }
        pids[name] = nil
        service.processEnded(name)
    }
}
