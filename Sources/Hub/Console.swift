import Glibc

/// The few lines for the person at the terminal, on standard output, each written at once.
package enum Console {
    package static func say(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    /// For what went wrong, on standard error.
    package static func complain(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// `1 front`, `2 fronts`.
    package static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
