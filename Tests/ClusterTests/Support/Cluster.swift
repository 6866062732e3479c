import Glibc
import Testing

/// A whole cluster on this machine: a hub, fronts, and the two fixture backs, in folders of their own.
///
/// The processes hang on a lifeline: when the test lets go of it they end, and `end()` waits until the last one has.
final class Cluster {
    let folder: String
    private(set) var hub: Spawned
    private(set) var port: UInt16
    private let arguments: [String]
    private var lifeline: Int32
    private let lifelineForChildren: Int32

    /// Starts a cluster and answers when the hub says that it serves.
    init(fronts: Int = 2, backs: [String] = ["alpha", "beta"], extra: [String] = []) throws {
        folder = try Files.temporaryFolder()
        try Files.makeFolder(folder + "/web/sub")
        try Files.write("<p>here</p>\n", folder + "/web/index.html")
        try Files.write("{}\n", folder + "/web/sub/a.json")
        try Files.write("secret\n", folder + "/secret.txt")
        let fixture = try Files.executable("fixture-back")
        var arguments = [
            try Files.executable("hub"), "run", "--fronts", "\(fronts)", "--runtime", folder + "/run", "--state",
            folder + "/state", "--files", "/=\(folder)/web", "--allow-origin", "https://friend.example",
        ]
        for back in backs { arguments += ["--back", "'\(fixture)' \(back)"] }
        self.arguments = arguments + extra
        let ends = try Pipe.make()
        (lifelineForChildren, lifeline) = (ends[0], ends[1])
        hub = try Spawned(
            self.arguments + ["--listen", "127.0.0.1:0"], lifeline: ends[0], errors: folder + "/log")
        port = 0
        port = try awaitPort()
        try awaitStatus("every process runs") { status in
            try status.list("processes").allSatisfy { try $0.text("state") == "running" }
        }
    }

    deinit {
        if lifeline >= 0 { close(lifeline) }
        close(lifelineForChildren)
    }

    /// Runs `body` with a cluster and ends it afterwards, whatever happened.
    static func with<R>(
        fronts: Int = 2, backs: [String] = ["alpha", "beta"], extra: [String] = [], _ body: (Cluster) throws -> R
    ) throws -> R {
        let cluster = try Cluster(fronts: fronts, backs: backs, extra: extra)
        do {
            let result = try body(cluster)
            try cluster.end()
            return result
        } catch {
            let log = Files.text(cluster.folder + "/log").split(separator: "\n").suffix(25).joined(separator: "\n")
            try? cluster.end()
            throw Failure("\(error)\nthe cluster's log ends with:\n\(log)")
        }
    }

    /// The same for a test that waits for tasks.
    static func with<R>(
        fronts: Int = 2, isolation: isolated (any Actor)? = #isolation, _ body: (Cluster) async throws -> R
    ) async throws -> R {
        let cluster = try Cluster(fronts: fronts)
        do {
            let result = try await body(cluster)
            try cluster.end()
            return result
        } catch {
            try? cluster.end()
            throw error
        }
    }

    private func awaitPort() throws -> UInt16 {
        while let line = try hub.line() {
            guard let range = line.range(of: "hub: serving http://127.0.0.1:") else { continue }
            guard let port = UInt16(line[range.upperBound...].prefix { $0.isNumber }) else { continue }
            return port
        }
        throw Failure("the hub ended: \(Files.text(folder + "/log").suffix(2000))")
    }

    /// Lets go of the lifeline and waits until every process is gone; one that stays is a failure of the test, and killed.
    func end(sourceLocation: SourceLocation = #_sourceLocation) throws {
        guard lifeline >= 0 else { return }
        let pids = Files.processes(naming: folder)
        #expect(!pids.isEmpty, "the processes of the cluster are found", sourceLocation: sourceLocation)
        close(lifeline)
        lifeline = -1
        let bound = Bound(.seconds(10))
        for pid in pids where !Spawned.awaitEnd(of: pid, bound) {
            Issue.record(
                "pid \(pid) outlives its lifeline: \(Files.text("/proc/\(pid)/cmdline"))",
                sourceLocation: sourceLocation)
            kill(pid, SIGKILL)
        }
        try hub.end()
        // One that the hub started meanwhile, in place of one that went before it did, finds its lifeline ended as it comes up.
        for pid in Files.processes(naming: folder) { _ = Spawned.awaitEnd(of: pid, bound) }
        let left = Files.processes(naming: folder)
        #expect(left.isEmpty, "nothing is left", sourceLocation: sourceLocation)
        for pid in left { kill(pid, SIGKILL) }
        Files.remove(folder)
    }

    /// Kills the hub, which leaves its processes where they are.
    func killHub() throws {
        hub.signal(SIGKILL)
        try hub.end()
    }

    /// Starts a hub on the same folders and the same port, and answers when it serves.
    func startHubAgain() throws {
        hub = try Spawned(
            arguments + ["--listen", "127.0.0.1:\(port)"], lifeline: lifelineForChildren, errors: folder + "/log")
        #expect(try awaitPort() == port)
    }
}
