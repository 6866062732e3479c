import Core
import Glibc

/// Maps the file into which a back writes what it is doing: `NAME.ticks` in the runtime folder.
enum TickRingFile {
    /// Makes the file anew and maps it for the life of the process. Nil if that is not possible: the back goes on without.
    static func map(_ path: String, epoch: Epoch) -> TickRing? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Reserved on the disk: a store into a file with holes ends the process when the disk is full.
        guard posix_fallocate(descriptor, 0, TickRing.byteCount) == 0 else { return nil }
        let memory = mmap(nil, TickRing.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory, memory != MAP_FAILED else { return nil }
        return TickRing(UnsafeMutableRawBufferPointer(start: memory, count: TickRing.byteCount), epoch: epoch)
    }
}
