import BackChannel
import Glibc

/// A UNIX socket beside the hub's where a test asks this back for what only the back knows: one line in, one line out.
///
/// `state CHANNEL` answers the version and the canonical bytes as hex, `view CHANNEL SESSION` those that a session should see; `tick CHANNEL` runs a tick; `rate CHANNEL HERTZ` changes
/// the rate; `open CHANNEL` makes a channel.
struct Control: Sendable {
    private let back: RunningBack

    init(_ back: RunningBack) { self.back = back }

    /// Serves one caller after the other, for as long as the process lives.
    func serve() {
        guard let folder = getenv("SWITCHBACK_RUNTIME"), let name = getenv("SWITCHBACK_NAME") else { return }
        let path = String(cString: folder) + "/" + String(cString: name) + ".control"
        unlink(path)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (place, byte) in path.utf8.enumerated() where place < room.count - 1 { room[place] = byte }
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { return perror("control") }
        Task.detached { await accept(on: listener) }
    }

    private func accept(on listener: Int32) async {
        while true {
            let caller = Glibc.accept(listener, nil, nil)
            guard caller >= 0 else { return }
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while read(caller, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
            let answer = Array((await answer(String(decoding: line, as: UTF8.self)) + "\n").utf8)
            var sent = 0
            while sent < answer.count {
                let count = answer.withUnsafeBytes { write(caller, $0.baseAddress! + sent, answer.count - sent) }
                guard count > 0 else { break }
                sent += count
            }
            close(caller)
        }
    }

    private func answer(_ line: String) async -> String {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("state", 2):
            guard let (version, bytes) = await back.state(of: words[1]) else { return "none" }
            return "\(version) " + Self.hex(bytes)
        case ("view", 3):
            guard let session = SessionID(words[2]), let (version, bytes) = await back.view(of: words[1], for: session)
            else { return "none" }
            return "\(version) " + Self.hex(bytes)
        case ("tick", 2): return "\(await back.tick(words[1]))"
        case ("rate", 3): return "\(await back.setRate(.hertz(Double(words[2]) ?? 0), of: words[1]))"
        case ("open", 2): return "\(await back.open(words[1]))"
        default: return "what?"
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
