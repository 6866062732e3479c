import CProcess
import Glibc
import Loop

/// What the kernel says of a process.
package enum ProcessFacts {
    /// When the process began, in clock ticks since the machine's start; 0 if there is none. With the pid it names a
    /// process for good, as pids are used again.
    package static func startTime(of pid: Int32) -> UInt64 {
        guard let bytes = (try? Files.read("/proc/\(pid)/stat")).flatMap({ $0 }) else { return 0 }
        // The second field is the name in parentheses and may hold anything; the 22nd field is the 20th after it.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, fields[0] != [UInt8(ascii: "Z")] else { return 0 }
        return UInt64(String(decoding: fields[19], as: UTF8.self)) ?? 0
    }

    /// Says when a process that need not be our child is gone; nil if it is already.
    static func watch(
        _ pid: Int32, on loop: EventLoop, onExit: @escaping () -> Void
    ) throws(LoopError) -> DescriptorWatcher? {
        // The kernel's descriptor for a process becomes readable, and reading it fails, when the process ends.
        let descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else {
            if errno == ESRCH { return nil }
            throw LoopError("pidfd", code: -errno)
        }
        return try DescriptorWatcher(descriptor, on: loop, onEnd: onExit)
    }
}
