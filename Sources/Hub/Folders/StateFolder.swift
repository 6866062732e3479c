import Core
import Glibc

/// What has to outlive the machine's next start: the cluster key and the epochs. One hub at a time holds it.
///
/// `lock` (held, with our pid), `cluster.key` (32 random bytes as hex, 0600), `epochs.json` (synced before an epoch is used).
package final class StateFolder {
    package let path: String
    private let lock: Int32

    /// Makes the folder if need be and takes its lock.
    package init(_ path: String) throws(FileError) {
        try Files.makePrivateFolder(path)
        self.path = Files.absolute(path)
        let file = self.path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .current("cannot open \(file)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? Files.read(file)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
            close(descriptor)
            throw FileError(
                "another hub\(holder.isEmpty ? "" : " (process \(holder))") uses the state folder \(self.path); stop it, or give this one its own with --state"
            )
        }
        lock = descriptor
        let mark = Array("\(getpid())".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, mark, mark.count, 0)
    }

    deinit { close(lock) }

    package var keyPath: String { path + "/cluster.key" }

    /// The cluster key; made when there is none.
    package func clusterKey() throws(FileError) -> ClusterKey {
        if let bytes = try Files.read(keyPath) {
            var facts = stat()
            guard stat(keyPath, &facts) == 0, facts.st_mode & 0o077 == 0 else {
                throw FileError("others may read the cluster key; 'chmod 600 \(keyPath)' first")
            }
            guard let key = ClusterKey(hex: String(decoding: bytes, as: UTF8.self)) else {
                throw FileError("\(keyPath) does not hold 64 hex digits")
            }
            return key
        }
        var dice = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &dice) }
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try Files.replace(keyPath, with: Array((hex + "\n").utf8), isSynced: true)
        guard let key = ClusterKey(bytes: bytes) else { throw FileError("no key of 32 bytes") }
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
