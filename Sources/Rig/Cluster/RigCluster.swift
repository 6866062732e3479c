import Core
import Glibc

/// The processes of one run: a real hub, its fronts and the rig's backs, in a folder of their own.
///
/// They hang on a lifeline whose other end only this process holds: however it ends, they end too.
final class RigCluster {
    struct Plan {
        var fronts = 3
        var backs = 4
        /// Kinds of page jobs, as `hub run --jobs` takes them.
        var jobs: [String] = []
        /// How many workers, and the words for this program to be one; a file of theirs stands in the cluster's folder.
        var worker: (count: Int, words: String) = (0, "")

        var processCount: Int { fronts + backs + worker.count }
    }

    /// Stands for the file in which workers write what they do.
    static let buildLog = "builds"

    static let startMilliseconds: UInt64 = 30_000
    private static let endMilliseconds: UInt64 = 10_000

    let plan: Plan
    private(set) var port: UInt16 = 0
    private let folder: Folder
    private let hubPath: String
    private let ownPath: String
    private var lifeline: Int32
    private let lifelineForChildren: Int32
    private(set) var hub: Program

    var runtimeFolder: String { folder.path + "/run" }
    var stateFolder: String { folder.path + "/state" }
    var logFile: String { folder.path + "/log" }

    /// A file of the cluster's folder.
    func path(_ name: String) -> String { folder.path + "/" + name }

    /// Starts everything and answers when all of it runs.
    init(_ plan: Plan) async throws {
        self.plan = plan
        folder = try Folder.make()
        ownPath = try Self.ownExecutable()
        hubPath = try Self.beside(ownPath, "hub")
        (lifelineForChildren, lifeline) = try RigFailure.pipe()
        hub = try Program(
            Self.arguments(plan, hubPath, ownPath, folder, "127.0.0.1:0"), lifeline: lifelineForChildren,
            log: folder.path + "/log")
        do {
            port = try awaitPort()
            _ = try await awaitRunning(withinMilliseconds: Self.startMilliseconds)
        } catch {
            await end()
            throw error
        }
    }

    private static func arguments(
        _ plan: Plan, _ hub: String, _ own: String, _ folder: Folder, _ listen: String
    ) -> [String] {
        var words = [
            hub, "run", "--listen", listen, "--fronts", "\(plan.fronts)", "--runtime", folder.path + "/run", "--state",
            folder.path + "/state",
        ]
        for _ in 0..<plan.backs { words += ["--back", "'\(own)' rig-back"] }
        for kind in plan.jobs { words += ["--jobs", kind] }
        let worker = plan.worker.words.replacing("'\(buildLog)'", with: "'\(folder.path)/\(buildLog)'")
        for _ in 0..<plan.worker.count { words += ["--worker", "'\(own)' \(worker)"] }
        return words
    }

    /// Kills the hub, as a crash would; the others go on.
    func killHub() async {
        kill(hub.pid, SIGKILL)
        _ = await Wait.until(2000) { self.hub.collect() }
    }

    /// Starts a hub on the same folders and port.
    func startHubAgain() throws {
        hub = try Program(
            Self.arguments(plan, hubPath, ownPath, folder, "127.0.0.1:\(port)"), lifeline: lifelineForChildren,
            log: logFile)
        guard try awaitPort() == port else { throw RigFailure("the new hub serves another port") }
    }

    private func awaitPort() throws(RigFailure) -> UInt16 {
        while let line = hub.line(withinMilliseconds: Int32(Self.startMilliseconds)) {
            guard let range = line.firstRange(of: "hub: serving http://127.0.0.1:") else { continue }
            if let port = UInt16(line[range.upperBound...].prefix { $0.isNumber }) { return port }
        }
        throw RigFailure("the hub does not serve; its log ends with:\n\(lastOfLog)")
    }

    /// Waits until the hub says that every process runs.
    func awaitRunning(withinMilliseconds bound: UInt64) async throws -> HubStatus {
        var last: HubStatus?
        let isRunning = await Wait.until(bound) {
            last = Ask.status(self.port)
            guard let last, last.processes.count == self.plan.processCount else { return false }
            return last.processes.allSatisfy { $0.state == "running" }
        }
        try Interrupt.check()
        guard isRunning, let last else {
            let states = last?.processes.map { "\($0.name): \($0.state)" }.joined(separator: ", ") ?? "no status"
            throw RigFailure("not everything runs after \(bound / 1000) s: \(states); the log ends with:\n\(lastOfLog)")
        }
        Priority.spread(to: [hub.pid] + last.processes.map(\.pid))
        return last
    }

    /// The processes that exist now and are not the hub.
    var servants: [pid_t] { Processes.naming(folder.path).filter { $0 != hub.pid } }

    var lastOfLog: String {
        Processes.text(logFile).split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    /// Lets go of the lifeline and waits until everything is gone. Answers who had to be killed.
    @discardableResult
    func end() async -> Int {
        guard lifeline >= 0 else { return 0 }
        // Somebody may be stopped, who could not end.
        for pid in Processes.naming(folder.path) { kill(pid, SIGCONT) }
        close(lifeline)
        close(lifelineForChildren)
        lifeline = -1
        _ = await Wait.until(Self.endMilliseconds, evenIfInterrupted: true) {
            _ = self.hub.collect()
            return Processes.naming(self.folder.path).isEmpty
        }
        let left = Processes.naming(folder.path)
        for pid in left { kill(pid, SIGKILL) }
        _ = await Wait.until(1000, evenIfInterrupted: true) { self.hub.collect() }
        if getenv("HUB_RIG_KEEP") == nil { folder.remove() }
        return left.count
    }

    private static func ownExecutable() throws(RigFailure) -> String {
        var room = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &room, room.count - 1)
        guard count > 0 else { throw RigFailure("this program does not find itself") }
        return String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func beside(_ own: String, _ name: String) throws(RigFailure) -> String {
        let path = (own.lastIndex(of: "/").map { String(own[...$0]) } ?? "") + name
        guard access(path, X_OK) == 0 else {
            throw RigFailure("there is no '\(name)' beside this program: build everything with 'make build'")
        }
        return path
    }
}
