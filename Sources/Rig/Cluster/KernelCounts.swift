import Glibc

/// What a process asked of the kernel and of the processor during some seconds, counted by the kernel through `perf`.
struct KernelCounts: Sendable {
    /// Nil where this machine does not count it.
    var systemCalls: Double?
    var instructions: Double?
    var cpuNanoseconds: Double = 0

    /// Counts for this long. Without `perf`, or without the right to use it, only CPU time is known.
    static func count(_ pid: pid_t, milliseconds: UInt64, folder: String) async -> KernelCounts {
        var counts = KernelCounts()
        let before = Processes.cpuNanoseconds(pid) ?? 0
        let file = folder + "/perf"
        unlink(file)
        let seconds = Double(milliseconds) / 1000
        let places = ["/usr/bin/perf", "/usr/local/bin/perf"]
        let perf: String? = places.first { (path: String) in access(path, X_OK) == 0 }
        let program = perf.flatMap { path -> Program? in
            do throws(RigFailure) {
                return try Program(
                    [
                        path, "stat", "-x", ",", "-o", file, "-e", "raw_syscalls:sys_enter,instructions:u", "-p",
                        "\(pid)",
                        "--", "sleep", "\(seconds)",
                    ], lifeline: nil, log: file + ".log")
            } catch { return nil }
        }
        await Wait.pass(milliseconds)
        counts.cpuNanoseconds = Double((Processes.cpuNanoseconds(pid) ?? before) - before)
        guard let program else { return counts }
        _ = await Wait.until(5000) { program.collect() }
        for line in Processes.text(file).split(separator: "\n") {
            let parts = line.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count > 2, let value = Double(parts[0]) else { continue }
            if parts[2].hasPrefix("raw_syscalls") { counts.systemCalls = value }
            if parts[2].hasPrefix("instructions") { counts.instructions = value }
        }
        return counts
    }
}
