import Core
import Glibc
import Loop

/// The lock that a process holds for as long as it lives, whatever it is and whether it knows: an open, locked file that it
/// inherits as descriptor 4.
///
/// It is the kernel's word that a process of that name lives. So a name is given to one process at a time, also when the hub
/// was killed between starting a process and writing it down.
package struct ProcessLock: ~Copyable {
    /// The descriptor that the process inherits.
    package let descriptor: Int32
    private let path: String

    /// Takes the lock of a name; nil while a process holds it.
    package init?(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .current("cannot open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.path = path
    }

    /// Lets go of our share: what inherited the descriptor holds the lock on.
    deinit { close(descriptor) }

    /// Notes who is about to hold it, for a hub that finds it held.
    package func note(_ record: ProcessRecord) throws(FileError) {
        let bytes = JSON.encode(record)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw .current("cannot write \(path)")
        }
    }
}

/// Who holds which lock: looks through the descriptors of this user's processes.
package enum LockHolders {
    /// The processes that have one of these files open, by file. Ours is left out. Reads all of /proc, so it is asked at the
    /// hub's start, and when a lock is held that should be free.
    package static func of(_ paths: some Collection<String>) -> [String: [Int32]] {
        let wanted = Set(paths.map(Files.absolute))
        guard !wanted.isEmpty else { return [:] }
        var holders: [String: [Int32]] = [:]
        for process in Files.names(in: "/proc").compactMap({ Int32($0) }).sorted() where process != getpid() {
            for descriptor in Files.names(in: "/proc/\(process)/fd") {
                guard let path = Files.linked("/proc/\(process)/fd/\(descriptor)"), wanted.contains(path) else {
                    continue
                }
                if holders[path]?.last != process { holders[path, default: []].append(process) }
            }
        }
        return holders
    }

    /// The one to watch and to signal: the leader of its session, which is what a hub started, or else the first.
    package static func leader(_ processes: [Int32]) -> Int32? {
        processes.first { getsid($0) == $0 } ?? processes.first
    }
}
