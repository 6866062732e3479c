import BackChannel
import Glibc

/// A UNIX socket in the runtime folder, `NAME.control`, where the rig asks a back for what only the back knows: one line in, one
/// line out, one caller after the other.
///
/// `state CHANNEL` answers the version and the canonical bytes in hex, or `none`; `rate CHANNEL HERTZ` changes how often it ticks.
struct BackControl: Sendable {
    private let back: RunningBack

    init(_ back: RunningBack) { self.back = back }

    static func path(_ folder: String, _ name: String) -> String { "\(folder)/\(name).control" }

    func serve() {
        guard let folder = getenv("SWITCHBACK_RUNTIME"), let name = getenv("SWITCHBACK_NAME") else { return }
        let path = Self.path(String(cString: folder), String(cString: name))
        guard let listener = UnixSocket.listen(path) else { return }
        Task.detached { await accept(on: listener) }
    }

    private func accept(on listener: Int32) async {
        while true {
            let caller = Glibc.accept(listener, nil, nil)
            if caller < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            let line = UnixSocket.line(from: caller)
            UnixSocket.send(Array((await answer(line) + "\n").utf8), to: caller)
            close(caller)
        }
    }

    private func answer(_ line: String) async -> String {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("state", 2):
            guard let (version, bytes) = await back.state(of: words[1]) else { return "none" }
            return "\(version) \(Hex.text(bytes))"
        case ("rate", 3): return "\(await back.setRate(.hertz(Double(words[2]) ?? 0), of: words[1]))"
        default: return "what?"
        }
    }
}
