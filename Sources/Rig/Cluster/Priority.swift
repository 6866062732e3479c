import Glibc

/// What `nice` gave this program, given to the processes of its cluster too.
///
/// Each of them leads a session of its own, and where the kernel groups processes by session (`sched_autogroup_enabled`) a
/// nice value means nothing beyond its own session: `nice -n -10 hub-rig` alone would leave them all as they were.
enum Priority {
    /// Does nothing where this program runs with the usual priority, or may not change it.
    static func spread(to pids: [pid_t]) {
        let nice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
        guard nice != 0 else { return }
        for pid in pids + [getpid()] {
            let descriptor = open("/proc/\(pid)/autogroup", O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            let text = Array("\(nice)".utf8)
            _ = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
    }
}
