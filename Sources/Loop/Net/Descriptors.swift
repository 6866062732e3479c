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
