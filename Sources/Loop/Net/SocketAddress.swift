import CUV
import Glibc

/// Where a stream socket listens or connects: an IPv4 or IPv6 address with a port, or a UNIX path. Never a name to resolve.
package enum SocketAddress: Hashable, Sendable {
    /// The address in host byte order: 127.0.0.1 is `0x7F00_0001`.
    case ipv4(UInt32, port: UInt16)
    /// The two halves in host byte order, and the interface of a link-local address (0: none).
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A path; empty for the unnamed end of a UNIX connection.
    case unix(String)

    /// The longest path that a UNIX address holds, in bytes.
    package static let pathByteLimit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Reads `127.0.0.1:8080`, `[::1]:80`, `localhost:80` (127.0.0.1) or `unix:/path`. Nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard !path.isEmpty, path.utf8.count <= Self.pathByteLimit, !path.utf8.contains(0) else { return nil }
            self = .unix(String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            var address = sockaddr_in6()
            guard uv_ip6_addr(String(host.dropFirst().dropLast()), Int32(port), &address) == 0 else { return nil }
            self = Self(address)
        } else {
            var address = sockaddr_in()
            guard uv_ip4_addr(host == "localhost" ? "127.0.0.1" : String(host), Int32(port), &address) == 0
            else { return nil }
            self = Self(address)
        }
    }

    /// The port; nil for a UNIX path.
    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    /// The same address with another port; a UNIX path stays what it is.
    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }

    /// True for this machine only: 127/8, ::1, 127/8 mapped into IPv6, and UNIX.
    package var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(let high, let low, _, _): high == 0 && (low == 1 || low >> 24 == 0xFFFF_7F)
        case .unix: true
        }
    }

    package var isUNIX: Bool {
        if case .unix = self { true } else { false }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// What `init(_:)` reads.
    package var description: String {
        switch self {
        case .ipv4(let address, let port):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
        case .ipv6(_, _, let port, let scope):
            let host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
                guard var address = ipv6, uv_ip6_name(&address, buffer.baseAddress, buffer.count) == 0 else {
                    return "?"
                }
                return buffer.baseAddress.map { String(cString: $0) } ?? "?"
            }
            return scope == 0 ? "[\(host)]:\(port)" : "[\(host)%\(scope)]:\(port)"
        case .unix(let path):
            return "unix:\(path)"
        }
    }
}
