import CUV
import Glibc

/// Between `SocketAddress` and the kernel's `sockaddr` family.
extension SocketAddress {
    init(_ address: sockaddr_in) {
        self = .ipv4(UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
    }

    init(_ address: sockaddr_in6) {
        let (high, low) = withUnsafeBytes(of: address.sin6_addr) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self = .ipv6(high: high, low: low, port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id)
    }

    /// What the kernel wrote; nil for a family this module does not speak.
    init?(_ storage: inout sockaddr_storage, length: socklen_t) {
        let family = Int32(storage.ss_family)
        let known: SocketAddress? = withUnsafeBytes(of: &storage) { bytes in
            switch family {
            case AF_INET: return SocketAddress(bytes.loadUnaligned(as: sockaddr_in.self))
            case AF_INET6: return SocketAddress(bytes.loadUnaligned(as: sockaddr_in6.self))
            case AF_UNIX:
                let begin = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
                let path = bytes[begin..<max(begin, min(Int(length), bytes.count))].prefix { $0 != 0 }
                return .unix(String(decoding: path, as: UTF8.self))
            default: return nil
            }
        }
        guard let known else { return nil }
        self = known
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    var ipv6: sockaddr_in6? {
        guard case .ipv6(let high, let low, let port, let scope) = self else { return nil }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_scope_id = scope
        withUnsafeMutableBytes(of: &address.sin6_addr) {
            $0.storeBytes(of: high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }

    /// Lends the address in the kernel's form for the length of the call.
    func withKernelForm<Answer>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Answer) -> Answer {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { bytes -> Int in
            switch self {
            case .ipv4(let value, let port):
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                address.sin_addr.s_addr = value.bigEndian
                bytes.storeBytes(of: address, as: sockaddr_in.self)
                return MemoryLayout<sockaddr_in>.size
            case .ipv6:
                bytes.storeBytes(of: ipv6 ?? sockaddr_in6(), as: sockaddr_in6.self)
                return MemoryLayout<sockaddr_in6>.size
            case .unix(let path):
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let begin = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
                let utf8 = path.utf8.prefix(Self.pathByteLimit)
                UnsafeMutableRawBufferPointer(rebasing: bytes[begin...]).copyBytes(from: utf8)
                return begin + utf8.count + 1
            }
        }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    /// The address that `getsockname` or `getpeername` tells about a socket; nil if it has none.
    package static func ask(
        _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32, _ descriptor: Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let answer = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
        }
        return answer == 0 ? SocketAddress(&storage, length: length) : nil
    }
}
