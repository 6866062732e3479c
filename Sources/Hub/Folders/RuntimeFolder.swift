import Core
import Glibc
import Loop

/// What lives as long as the machine is up: the hub's socket and the table of its processes.
///
/// The same state folder always gives the same runtime folder, so that processes find the next hub and it finds them.
package struct RuntimeFolder: Sendable {
    package let path: String

    /// - Parameters:
    ///   - wanted: the folder asked for; nil takes one named after the state folder, below XDG_RUNTIME_DIR or the
    ///     temporary folder.
    package init(_ wanted: String?, stateFolder: String) throws(FileError) {
        let name = "switchback-\(geteuid())-\(String(RendezvousHash.score("", stateFolder), radix: 16))"
        let path = wanted ?? "\(Self.parent)/\(name)"
        try Files.makePrivateFolder(path)
        self.path = Files.absolute(path)
        guard socketPath.utf8.count <= SocketAddress.pathByteLimit else {
            throw FileError(
                "the path \(socketPath) is too long for a UNIX socket (\(SocketAddress.pathByteLimit) bytes); give a shorter one with --runtime"
            )
        }
    }

    package var socketPath: String { path + "/hub.sock" }

    /// The processes of an earlier hub that are alive now, by the kernel's word: those that hold a lock of this folder, and
    /// those of the table whose pid and start time are right. A damaged table counts as empty, and a lock as whatever holds it.
    package func livingProcesses() throws(FileError) -> [ProcessRecord] {
        let table = try Files.read(tablePath).flatMap { JSON.decode([ProcessRecord].self, $0) } ?? []
        var living = table.filter { $0.startTime != 0 && ProcessFacts.startTime(of: $0.pid) == $0.startTime }
        for (path, holders) in LockHolders.of(try heldLocks()).sorted(by: { $0.key < $1.key }) {
            guard let pid = LockHolders.leader(holders) else { continue }
            guard !living.contains(where: { holders.contains($0.pid) }) else { continue }
            guard let bytes = try Files.read(path), var record = JSON.decode(ProcessRecord.self, bytes) else {
                continue
            }
            record.pid = pid
            record.startTime = ProcessFacts.startTime(of: pid)
            guard record.startTime != 0 else { continue }
            living.removeAll { $0.name == record.name }
            living.append(record)
        }
        return living
    }

    /// The file of the lock that a process of that name holds.
    package func lockPath(of name: String) -> String {
        "\(path)/\(name).lock"
    }

    /// The file in which the back of a name writes what it is doing.
    package func ringPath(of name: String) -> String { "\(path)/\(name).ticks" }

    private func heldLocks() throws(FileError) -> [String] {
        var held: [String] = []
        for name in Files.names(in: path).sorted() where name.hasSuffix(".lock") {
            if try ProcessLock("\(path)/\(name)") == nil { held.append("\(path)/\(name)") }
        }
        return held
    }

    /// Where the listeners of the last hub really were, by what had been asked for: port 0 is the same port again for fronts
    /// that still serve it.
    package func lastListeners() throws(FileError) -> [String: String] {
        try Files.read(listenersPath).flatMap { JSON.decode([String: String].self, $0) } ?? [:]
    }

    package func saveListeners(_ addresses: [String: String]) throws(FileError) {
        try Files.replace(listenersPath, with: JSON.encode(addresses), isSynced: false)
    }

    package func save(_ table: [ProcessRecord]) throws(FileError) {
        try Files.replace(tablePath, with: JSON.encode(table), isSynced: false)
    }

    private var listenersPath: String { path + "/listeners.json" }
    private var tablePath: String { path + "/processes.json" }

    private static var parent: String {
        for name in ["XDG_RUNTIME_DIR", "TMPDIR"] {
            if let value = getenv(name).map({ String(cString: $0) }), value.hasPrefix("/"), access(value, W_OK) == 0 {
                return value
            }
        }
        return "/tmp"
    }
}
