import Glibc

/// What happens just now, on one line of a terminal; nothing when standard error is none.
final class Progress {
    private let isTerminal: Bool
    private var last = ""
    private(set) var prefix = ""

    init() { isTerminal = isatty(2) == 1 }

    /// What stands before every line from now on.
    func begin(_ prefix: String) { self.prefix = prefix }

    func say(_ text: String) {
        guard isTerminal, text != last else { return }
        last = text
        put("\r\u{1B}[K\(prefix)\(text)")
    }

    /// Takes the line away.
    func end() {
        guard isTerminal, !last.isEmpty else { return }
        last = ""
        put("\r\u{1B}[K")
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
