import Core
import Glibc

/// The epoch counter of a back that runs without a hub: a locked file, synced before the number is used, so that no two lives of
/// the back ever act under one epoch.
package enum EpochFile {
    /// Takes the lock for as long as this process lives, and answers the next epoch.
    package static func next(_ path: String) throws(NodeFailure) -> Epoch {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("opened", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw NodeFailure("another back runs with the epoch file '\(path)'")
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw failure("read", path) }
        let text = String(decoding: bytes.prefix(count).filter { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
        let epoch = Epoch(rawValue: (UInt64(text) ?? 0) + 1)
        let said = Array("\(epoch)\n".utf8)
        guard pwrite(descriptor, said, said.count, 0) == said.count, fsync(descriptor) == 0 else {
            throw failure("written", path)
        }
        return epoch
    }

    private static func failure(_ verb: String, _ path: String) -> NodeFailure {
        NodeFailure("the epoch file '\(path)' could not be \(verb): \(String(cString: strerror(errno)))")
    }
}
