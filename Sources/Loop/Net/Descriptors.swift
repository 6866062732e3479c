import CUV
import Glibc

/// Plain descriptors, for what is handed to children and peers. Each is the caller's to close.
package enum Descriptors {
    /// A pipe that children do not inherit unless it is given to them.
    package static func pipe() throws(LoopError) -> (reading: Int32, writing: Int32) {
        var pair: [Int32] = [-1, -1]
        try LoopError.check("pipe", cuv_pipe(&pair))
        return (pair[0], pair[1])
    }

    /// Two connected UNIX stream sockets, for a `Stream` each or one for a child.
    package static func socketPair() throws(LoopError) -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        guard cuv_stream_socket_pair(&pair) == 0 else { throw .current("socketpair") }
        return (pair[0], pair[1])
    }

    /// Another descriptor for the same thing, not inherited by children.
    package static func duplicate(_ descriptor: Int32) throws(LoopError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .current("duplicate") }
        return copy
    }

    /// Makes the process's table of descriptors large enough for `count` of them, or for as many as it may have: 8 bytes of the
    /// kernel's each.
    ///
    /// By itself the kernel doubles the table when it is full, and if the process has several threads it waits for all processors
    /// before it goes on: some 10 ms, in which the thread that accepted a connection serves nobody. Here that is once, at the start.
    package static func makeRoom(for count: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let last = min(count, Int(clamping: limit.rlim_cur)) - 1
        // The table is as large as its highest descriptor wants, and never becomes smaller.
        let low = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard low >= 0 else { return }
        let high = fcntl(low, F_DUPFD_CLOEXEC, Int32(clamping: last))
        if high >= 0 { close(high) }
        close(low)
    }

    package static func close(_ descriptor: Int32) { Glibc.close(descriptor) }

    /// Sets an integer option. Answers 0 or a negated errno.
    @discardableResult
    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int) -> Int32 {
        var value = Int32(clamping: value)
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 ? 0 : -errno
    }

    /// The error a socket holds, as a negated errno; 0 for none. Asking clears it.
    static func takeError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? -value : -errno
    }
}
