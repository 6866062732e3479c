import Core
import Glibc

/// What has to outlive the machine's next start: the cluster key and the epochs. One hub at a time holds it.
///
/// `lock` (held, with our pid), `cluster.key` (32 random bytes as hex, 0600), `epochs.json` (synced before an epoch is used).
package final class StateFolder {
    package let path: String
    private var lock: Int32

    /// Makes the folder if need be and takes its lock.
    package init(_ path: String) throws(FileError) {
        guard let taken = try Self.take(path) else {
            let holder = Self.holder(of: path)
            throw FileError(
                "another hub\(holder.isEmpty ? "" : " (process \(holder))") uses the state folder \(Files.absolute(path)); stop it, or give this one its own with --state"
            )
        }
        (self.path, lock) = taken
    }

    /// The same; nil while another hub holds the lock.
    package init?(ifFree path: String) throws(FileError) {
        guard let taken = try Self.take(path) else { return nil }
        (self.path, lock) = taken
    }

    private static func take(_ path: String) throws(FileError) -> (String, Int32)? {
        try Files.makePrivateFolder(path)
        let absolute = Files.absolute(path)
        let file = absolute + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .current("cannot open \(file)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let mark = Array("\(getpid())".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, mark, mark.count, 0)
        return (absolute, descriptor)
    }

    deinit { release() }

    /// Lets the next hub have it; nothing may be written any more.
    package func release() {
        if lock >= 0 { close(lock) }
        lock = -1
    }

    /// The pid that whoever holds the lock wrote into it; empty if it is not there.
    package static func holder(of path: String) -> String {
        let bytes = (try? Files.read(path + "/lock")).flatMap { $0 } ?? []
        return String(decoding: bytes, as: UTF8.self)
    }

    package var keyPath: String { path + "/cluster.key" }

    /// The cluster key; made when there is none.
    package func clusterKey() throws(FileError) -> ClusterKey {
        if let key = try Self.clusterKey(in: path) { return key }
        var dice = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &dice) }
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try Files.replace(keyPath, with: Array((hex + "\n").utf8), isSynced: true)
        guard let key = ClusterKey(bytes: bytes) else { throw FileError("no key of 32 bytes") }
        return key
    }

    /// The key that a folder holds; nil without one. The lock need not be held: `hub` commands prove the key to a running hub.
    package static func clusterKey(in folder: String) throws(FileError) -> ClusterKey? {
        let path = folder + "/cluster.key"
        guard let bytes = try Files.read(path) else { return nil }
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & 0o077 == 0 else {
            throw FileError("others may read the cluster key; 'chmod 600 \(path)' first")
        }
        guard let key = ClusterKey(hex: String(decoding: bytes, as: UTF8.self)) else {
            throw FileError("\(path) does not hold 64 hex digits")
        }
        return key
    }

    /// The ledger of a new reign, synced before it is answered.
    package func beginReign() throws(FileError) -> EpochLedger {
        var ledger = EpochLedger()
        if let bytes = try Files.read(ledgerPath) {
            guard let held = JSON.decode(EpochLedger.self, bytes) else {
                throw FileError(
                    "\(ledgerPath) is damaged; epochs must never repeat, so it has to be restored, or the whole state folder given up"
                )
            }
            ledger = held
        }
        ledger = ledger.nextReign()
        try record(ledger)
        return ledger
    }

    /// Syncs that everything up to `ledger` is used.
    package func record(_ ledger: EpochLedger) throws(FileError) {
        try Files.replace(ledgerPath, with: JSON.encode(ledger), isSynced: true)
    }

    private var ledgerPath: String { path + "/epochs.json" }
}
