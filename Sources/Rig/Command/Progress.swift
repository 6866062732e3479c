import Glibc

/// What happens just now, on standard error: one line that is overwritten on a terminal; elsewhere a line now and then.
final class Progress {
    private static let everyNanoseconds: UInt64 = 10_000_000_000
    private let isTerminal = isatty(2) == 1
    private var lastAt: UInt64 = 0

    func say(_ text: String) {
        if isTerminal { return put("\r\u{1B}[K\(text)") }
        let now = Wait.nowNanoseconds
        guard now - lastAt >= Self.everyNanoseconds else { return }
        lastAt = now
        put("hub-rig: \(text)\n")
    }

    /// Takes the line away.
    func end() { if isTerminal { put("\r\u{1B}[K") } }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
