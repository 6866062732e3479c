import Glibc

/// What /proc says of processes that need not be our children.
enum Processes {
    /// Those whose environment or command line names `folder`, without this one, zombies, and processes about to become
    /// something else.
    static func naming(_ folder: String) -> [pid_t] {
        guard let listing = opendir("/proc") else { return [] }
        defer { closedir(listing) }
        var found: [pid_t] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = pid_t(name), pid != getpid(), isAlive(pid) else { continue }
            if ["environ", "cmdline"].contains(where: { text("/proc/\(pid)/\($0)").contains(folder) }) {
                found.append(pid)
            }
        }
        return found.sorted()
    }

    static func isAlive(_ pid: pid_t) -> Bool {
        let stat = text("/proc/\(pid)/stat")
        guard let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }

    /// Memory in use, in KiB; nil when the process is gone.
    static func residentKiB(_ pid: pid_t) -> Int? {
        for line in text("/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
            return line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) }
        }
        return nil
    }

    /// How long a process's threads have waited for a processor that others had, in nanoseconds.
    static func waitedNanoseconds(_ pid: pid_t) -> UInt64 {
        guard let listing = opendir("/proc/\(pid)/task") else { return 0 }
        defer { closedir(listing) }
        var sum: UInt64 = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard pid_t(name) != nil else { continue }
            let words = text("/proc/\(pid)/task/\(name)/schedstat").split(separator: " ")
            if words.count > 1 { sum += UInt64(words[1]) ?? 0 }
        }
        return sum
    }

    /// CPU time used so far, in nanoseconds; nil when the process is gone.
    static func cpuNanoseconds(_ pid: pid_t) -> UInt64? {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The file as text; empty if it cannot be read. For the files of /proc, which have no size.
    static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        return String(decoding: UnixSocket.rest(from: descriptor), as: UTF8.self)
    }
}
