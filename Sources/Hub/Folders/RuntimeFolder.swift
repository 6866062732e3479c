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

    /// The processes of an earlier hub that are alive now. A damaged table counts as empty.
    package func livingProcesses() throws(FileError) -> [ProcessRecord] {
        guard let bytes = try Files.read(tablePath), let table = JSON.decode([ProcessRecord].self, bytes) else {
            return []
        }
        return table.filter { $0.startTime != 0 && ProcessFacts.startTime(of: $0.pid) == $0.startTime }
    }

    package func save(_ table: [ProcessRecord]) throws(FileError) {
        try Files.replace(tablePath, with: JSON.encode(table), isSynced: false)
    }

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
