import Foundation
import Testing

/// A cluster that the tests of one suite use one after the other. It hangs on this process: its lifeline ends with it, and it
/// is ended properly, with a look at what is left, when the suite's last test says so.
final class SharedCluster: @unchecked Sendable {
    // Only one test runs at a time (`ClusterTests` is serialised); the lock is for the compiler's peace and ours.
    private let lock = NSLock()
    private var cluster: Cluster?

    static let ofTextForm = SharedCluster()
    static let ofChannels = SharedCluster()
    static let ofBadInput = SharedCluster()
    static let ofWebSocket = SharedCluster()
    static let ofLimits = SharedCluster()
    static let ofOperators = SharedCluster()

    /// - Parameter extra: more arguments for the hub; the first who asks says which.
    func with<R>(extra: [String] = [], _ body: (Cluster) throws -> R) throws -> R {
        lock.lock()
        defer { lock.unlock() }
        let cluster = try self.cluster ?? Cluster(extra: extra)
        self.cluster = cluster
        do {
            return try body(cluster)
        } catch {
            let log = Files.text(cluster.folder + "/log").split(separator: "\n").suffix(15).joined(separator: "\n")
            throw Failure("\(error)\nthe cluster's log ends with:\n\(log)")
        }
    }

    /// Ends it; the suite's last test calls this.
    func end() throws {
        lock.lock()
        defer { lock.unlock() }
        try cluster?.end()
        cluster = nil
    }
}
