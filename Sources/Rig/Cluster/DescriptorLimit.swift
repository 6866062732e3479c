import Glibc

/// How many descriptors this process and its children may hold.
enum DescriptorLimit {
    /// Raises the limit if it is lower. Answers what to do when that is not allowed.
    static func raise(to needed: Int) -> String? {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return nil }
        let old = limit.rlim_cur
        limit.rlim_cur = rlim_t(needed)
        limit.rlim_max = max(limit.rlim_max, rlim_t(needed))
        if setrlimit(resource, &limit) == 0 { return nil }
        return
            "\(needed) descriptors are needed and \(old) are allowed: run 'ulimit -n \(needed)' first, or give fewer "
            + "--clients"
    }
}
