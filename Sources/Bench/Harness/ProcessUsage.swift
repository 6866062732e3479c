import Glibc

/// CPU that a process has used, read from outside.
struct ProcessUsage: Codable, Equatable {
    /// To the nanosecond.
    var nanoseconds: UInt64 = 0
    /// In ticks of the kernel's clock, usually 10 ms: good for the share, not for the sum.
    var userTicks: UInt64 = 0
    var systemTicks: UInt64 = 0

    /// Nil when the process is gone.
    static func of(_ pid: Int32) -> ProcessUsage? {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0,
            let text = text(ofFile: "/proc/\(pid)/stat"), let end = text.lastIndex(of: ")")
        else { return nil }
        // Behind the name in brackets, which may hold anything: state is the third field, utime the fourteenth.
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = UInt64(fields[12]), let system = UInt64(fields[13]) else { return nil }
        return ProcessUsage(
            nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec), userTicks: user,
            systemTicks: system)
    }

    /// Nanoseconds of CPU that each thread of a process has used; empty when the process is gone.
    static func threads(of pid: Int32) -> [Int32: UInt64] {
        guard let folder = opendir("/proc/\(pid)/task") else { return [:] }
        defer { closedir(folder) }
        var used: [Int32: UInt64] = [:]
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let thread = Int32(name), let text = text(ofFile: "/proc/\(pid)/task/\(thread)/schedstat") else {
                continue
            }
            used[thread] = text.split(separator: " ").first.flatMap { UInt64($0) }
        }
        return used
    }

    static func + (left: ProcessUsage, right: ProcessUsage) -> ProcessUsage {
        ProcessUsage(
            nanoseconds: left.nanoseconds + right.nanoseconds, userTicks: left.userTicks + right.userTicks,
            systemTicks: left.systemTicks + right.systemTicks)
    }

    static func - (left: ProcessUsage, right: ProcessUsage) -> ProcessUsage {
        ProcessUsage(
            nanoseconds: left.nanoseconds &- right.nanoseconds, userTicks: left.userTicks &- right.userTicks,
            systemTicks: left.systemTicks &- right.systemTicks)
    }

    /// How much of it was spent outside the kernel, 0…1; nil if nothing was counted.
    var userShare: Double? {
        let sum = userTicks + systemTicks
        return sum == 0 ? nil : Double(userTicks) / Double(sum)
    }

    private static func text(ofFile path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
