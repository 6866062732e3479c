import Core
import Glibc
import Loop

/// Starts processes and watches them, our own and those of an earlier hub.
///
/// Each is the leader of a session of its own: it outlives the hub and its terminal, and one signal reaches all it started.
final class ProcessRunner {
    /// What every process is told by its environment.
    struct Surroundings {
        var hubSocket: String
        var keyFile: String
        var runtimeFolder: String
        /// The file that a process of a name holds locked.
        var lockPath: (String) -> String
        /// What a back of a name has to refuse, as SWITCHBACK_POISON says it.
        var poison: (String) -> String
        var logLevel: Log.Level
        var files: [String]
        var allowedOrigins: [String]
        var messageLimit: Int?
        var nodes: [String]
        /// Our own lifeline, handed on; nil without one.
        var lifeline: Int32?
    }

    private let loop: EventLoop
    private let surroundings: Surroundings
    private let inherited: [String: String]
    private var children: [String: ChildProcess] = [:]
    private var adopted: [String: DescriptorWatcher] = [:]

    init(on loop: EventLoop, _ surroundings: Surroundings) {
        self.loop = loop
        self.surroundings = surroundings
        inherited = Self.environment()
    }

    /// Starts `spec` with the lock of its name. `onExit` is called once, later, from the loop.
    ///
    /// - Throws: `FileError` while somebody holds the lock, who is killed: a process is only followed by another when all that
    ///   belonged to it is gone. `LoopError` when it cannot be started.
    func start(_ spec: ProcessSpec, epoch: Epoch?, onExit: @escaping (ProcessExit) -> Void) throws -> Int32 {
        let path = surroundings.lockPath(spec.name)
        guard let lock = try ProcessLock(path) else {
            let holders = LockHolders.of([path]).values.flatMap { $0 }
            for holder in holders { kill(holder, SIGKILL) }
            throw FileError(
                "process \(holders.map(String.init).joined(separator: ", ")) of the former \(spec.name) lives on; it is killed"
            )
        }
        try lock.note(
            ProcessRecord(role: spec.role, name: spec.name, pid: 0, startTime: 0, epoch: epoch, families: []))
        let lifeline: [(child: Int32, ours: Int32)] = surroundings.lifeline.map { [(child: Int32(3), ours: $0)] } ?? []
        let child = try ChildProcess.spawn(
            executable: spec.command.executable, arguments: spec.command.arguments,
            environment: environment(of: spec, epoch: epoch),
            inheriting: lifeline + [(child: 4, ours: lock.descriptor)], detached: true, on: loop
        ) { [weak self] status, signal in
            self?.children[spec.name] = nil
            onExit(signal != 0 ? .signal(signal) : .code(Int32(truncatingIfNeeded: status)))
        }
        children[spec.name] = child
        return child.pid
    }

    /// Watches a process of an earlier hub. `onExit` is called once, later, also if it is gone already.
    func adopt(_ record: ProcessRecord, onExit: @escaping () -> Void) throws(LoopError) {
        let watcher = try ProcessFacts.watch(record.pid, on: loop) { [weak self] in
            self?.adopted[record.name] = nil
            onExit()
        }
        if let watcher { adopted[record.name] = watcher } else { loop.mailbox.post(Unsent(onExit).run) }
    }

    /// Signals the process and all it started.
    func signal(_ pid: Int32, _ signal: ProcessSignal) {
        let number = signal == .kill ? SIGKILL : SIGTERM
        if kill(-pid, number) != 0 { kill(pid, number) }
    }

    /// Names of SWITCHBACK_ variables are part of the interface; docs/OPERATIONS.md lists them.
    private func environment(of spec: ProcessSpec, epoch: Epoch?) -> [String: String] {
        var environment = inherited
        environment["SWITCHBACK_HUB"] = "unix:\(surroundings.hubSocket)"
        environment["SWITCHBACK_KEY_FILE"] = surroundings.keyFile
        environment["SWITCHBACK_NAME"] = spec.name
        environment["SWITCHBACK_ROLE"] = spec.role.rawValue
        environment["SWITCHBACK_RUNTIME"] = surroundings.runtimeFolder
        environment["SWITCHBACK_LOG_LEVEL"] = "\(surroundings.logLevel)"
        environment["SWITCHBACK_EPOCH"] = epoch.map { "\($0)" }
        environment["SWITCHBACK_LIFELINE"] = surroundings.lifeline.map { _ in "3" }
        switch spec.role {
        case .front:
            environment["SWITCHBACK_FILES"] = surroundings.files.joined(separator: "\n")
            environment["SWITCHBACK_ALLOW_ORIGIN"] = surroundings.allowedOrigins.joined(separator: "\n")
            environment["SWITCHBACK_MESSAGE_LIMIT"] = surroundings.messageLimit.map { "\($0)" }
            environment["SWITCHBACK_NODES"] = surroundings.nodes.joined(separator: "\n")
        case .back:
            // A replayed tick has to meet its dictionaries in the same order.
            environment["SWIFT_DETERMINISTIC_HASHING"] = "1"
            let poison = surroundings.poison(spec.name)
            environment["SWITCHBACK_POISON"] = poison.isEmpty ? nil : poison
        case .worker: break
        }
        return environment
    }

    /// Ours, without what is meant for us.
    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].hasPrefix("SWITCHBACK_") { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }
}

/// A closure that stays on the loop's thread although it goes through the mailbox, which takes closures from any thread.
private struct Unsent: @unchecked Sendable {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    @Sendable func run() { body() }
}
