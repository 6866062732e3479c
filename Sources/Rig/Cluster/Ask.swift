import Core
import FoundationEssentials
import Glibc

/// One HTTP request to this machine, on a connection of its own.
enum Ask {
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// Nil when nobody takes the connection or answers within three seconds.
    static func get(_ path: String, _ port: UInt16) -> Answer? {
        guard let descriptor = UnixSocket.connect(port: port) else { return nil }
        defer { close(descriptor) }
        let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        guard UnixSocket.send(Array(request.utf8), to: descriptor) else { return nil }
        let bytes = UnixSocket.rest(from: descriptor)
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let words = String(decoding: bytes.prefix(64), as: UTF8.self).split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { return nil }
        return Answer(status: status, body: Array(bytes[end.upperBound...]))
    }

    /// What the hub says of the cluster; nil when there is none or it does not know everything.
    static func status(_ port: UInt16) -> HubStatus? {
        guard let answer = get("/status.json", port), answer.status == 200 else { return nil }
        return try? JSONDecoder().decode(HubStatus.self, from: Data(answer.body))
    }

    /// All samples, by name with labels, as they stand on the page.
    static func metrics(_ port: UInt16) -> [String: Double]? {
        guard let answer = get("/metrics", port), answer.status == 200 else { return nil }
        var samples: [String: Double] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                continue
            }
            samples[String(line[..<space])] = value
        }
        return samples
    }

    /// Asks a back over its control socket; nil when it is not there.
    static func control(_ folder: String, _ back: String, _ line: String) -> String? {
        guard let descriptor = UnixSocket.connect(BackControl.path(folder, back)) else { return nil }
        defer { close(descriptor) }
        guard UnixSocket.send(Array((line + "\n").utf8), to: descriptor) else { return nil }
        let answer = UnixSocket.line(from: descriptor)
        return answer.isEmpty ? nil : answer
    }
}
