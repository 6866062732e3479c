import CUV
import Glibc

/// An operating error: which operation failed and with what `errno`. Never a peer's bytes, never a program's mistake.
package struct LoopError: Error, Hashable, Sendable {
    /// What was being done, in this module's words: `connect`, `bind`, `read`, `spawn` …
    package let operation: String
    /// libuv's code: the negated `errno`.
    package let code: Int32

    package init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// The error that the last system call of this thread left in `errno`.
    static func current(_ operation: String) -> LoopError { LoopError(operation, code: -errno) }

    /// Throws unless a libuv answer is zero or positive; answers it.
    @discardableResult
    static func check(_ operation: String, _ answer: Int32) throws(LoopError) -> Int32 {
        guard answer >= 0 else { throw LoopError(operation, code: answer) }
        return answer
    }

    /// The symbol, for instance `ECONNREFUSED`.
    package var name: String { String(cString: uv_err_name(code)) }
    /// What the symbol means, for instance `connection refused`.
    package var text: String { String(cString: uv_strerror(code)) }

    /// Nobody listens at the address; a UNIX path that does not exist counts too.
    package var isRefused: Bool { code == -ECONNREFUSED || code == -ENOENT }
    /// The peer went away without a goodbye.
    package var isReset: Bool { code == -ECONNRESET || code == -EPIPE }
    /// Out of descriptors, buffers or memory: ours to wait out.
    package var isExhausted: Bool { [-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM].contains(code) }
    package var isAddressInUse: Bool { code == -EADDRINUSE }
    package var isTimedOut: Bool { code == -ETIMEDOUT }
}

extension LoopError: CustomStringConvertible {
    package var description: String { "\(operation): \(text) (\(name))" }
}
