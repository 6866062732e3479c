/// Where to listen, as a person writes it: `127.0.0.1:8080`, `[::1]:8080`, `:8080` or `localhost:8080`. Port 0 takes any.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// Without brackets. `localhost` and nothing mean 127.0.0.1 and 0.0.0.0.
    package let host: String
    package let port: UInt16

    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case noPort(String)
        case badPort(String)
        case name(String)
        case brackets(String)

        package var description: String {
            switch self {
            case .noPort(let text): "'\(text)' has no port; write it as 127.0.0.1:8080"
            case .badPort(let text): "'\(text)' is not a port; it is a number from 0 to 65535"
            case .name(let text): "'\(text)' is not an IP address; write it as 127.0.0.1:8080 or [::1]:8080"
            case .brackets(let text): "'\(text)' looks like IPv6; write it in brackets, as [::1]:8080"
            }
        }
    }

    package init(_ text: String) throws(Invalid) {
        guard let colon = text.lastIndex(of: ":") else { throw .noPort(text) }
        var host = String(text[..<colon])
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else {
                throw .name(host)
            }
        } else if host.contains(":") {
            throw .brackets(text)
        } else {
            if host.isEmpty { host = "0.0.0.0" }
            if host == "localhost" { host = "127.0.0.1" }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { throw .name(host) }
        }
        guard let port = UInt16(digits), digits.allSatisfy(\.isNumber) else { throw .badPort(String(digits)) }
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
