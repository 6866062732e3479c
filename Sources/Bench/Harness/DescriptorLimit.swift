import Glibc

/// How many descriptors a process may hold; children inherit it.
enum DescriptorLimit {
    /// Raises the limit to `needed` if it is lower and may be raised. Answers what to do, or nil when it is enough.
    static func raise(to needed: Int) -> String? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        if limit.rlim_cur >= needed { return nil }
        let old = limit.rlim_cur
        limit.rlim_cur = rlim_t(needed)
        limit.rlim_max = max(limit.rlim_max, rlim_t(needed))
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { return nil }
        return "\(needed) descriptors a process are needed and \(old) are allowed: run 'ulimit -n \(needed)' first "
            + "(as root, or raise nofile in /etc/security/limits.conf), or give fewer --clients"
    }
}
