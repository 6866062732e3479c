import Glibc

/// The end of a process that cannot start: one line on standard error, exit code 2, no trace.
package enum ProcessEnd {
    package static func complain(_ text: String) -> Never {
        let line = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(2)
    }
}
