import Foundation

/// One HTTP exchange on a connection of its own.
struct HTTP {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    static func get(_ path: String, _ port: UInt16, headers: [String: String] = [:]) throws -> HTTP {
        let extra = headers.map { "\($0): \($1)\r\n" }.joined()
        return try raw("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\(extra)\r\n", port)
    }

    static func raw(_ request: String, _ port: UInt16) throws -> HTTP {
        let wire = try Wire.tcp(port)
        try wire.send(Array(request.utf8))
        return try HTTP(parsing: try wire.rest())
    }

    init(parsing bytes: [UInt8]) throws {
        let separator = Array("\r\n\r\n".utf8)
        guard let range = bytes.firstRange(of: separator) else {
            throw Failure("not an HTTP answer: '\(String(decoding: bytes.prefix(200), as: UTF8.self))'")
        }
        let lines = String(decoding: bytes[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure("not an HTTP status line: '\(lines[0])'")
        }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure("not a header: '\(line)'") }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        self.headers = headers
        body = Array(bytes[range.upperBound...])
    }
}

/// JSON as tests look into it.
typealias Members = [String: Any]

extension [String: Any] {
    static func parse(_ bytes: [UInt8]) throws -> Members {
        guard let members = try JSONSerialization.jsonObject(with: Data(bytes)) as? Members else {
            throw Failure("not a JSON object: \(String(decoding: bytes, as: UTF8.self))")
        }
        return members
    }

    func members(_ name: String) throws -> Members {
        guard let value = self[name] as? Members else { throw Failure("no object '\(name)' in \(self)") }
        return value
    }

    func list(_ name: String) throws -> [Members] {
        guard let value = self[name] as? [Members] else { throw Failure("no list '\(name)' in \(self)") }
        return value
    }

    func text(_ name: String) throws -> String {
        guard let value = self[name] as? String else { throw Failure("no text '\(name)' in \(self)") }
        return value
    }

    func number(_ name: String) throws -> Int {
        guard let value = self[name] as? NSNumber, !(self[name] is String) else {
            throw Failure("no number '\(name)' in \(self)")
        }
        return value.intValue
    }

    func flag(_ name: String) throws -> Bool {
        guard let value = self[name] as? Bool else { throw Failure("no flag '\(name)' in \(self)") }
        return value
    }

    /// The same bytes for the same content.
    var canonical: String {
        let data = try? JSONSerialization.data(withJSONObject: self, options: [.sortedKeys, .fragmentsAllowed])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }
}
