import CUV
import Glibc

/// A bound and listening stream socket. It owns its descriptor and closes it when it goes; `duplicate` makes the copies that
/// acceptors and other processes take over, and clients wait in one backlog as long as any copy lives.
package struct ListeningSocket: ~Copyable {
    /// Lent: valid while this lives.
    package let descriptor: Int32
    /// Where it really listens: the kernel's port if 0 was asked for.
    package let address: SocketAddress

    /// Takes over a listening descriptor, for instance one received from the hub; closes it also when it throws.
    package init(adopting descriptor: Int32) throws(LoopError) {
        guard let address = SocketAddress.ask({ getsockname($0, $1, $2) }, descriptor) else {
            let error = LoopError.current("adopt")
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.address = address
    }

    deinit { Glibc.close(descriptor) }

    /// Binds and listens. TCP: with SO_REUSEADDR, and TCP_NODELAY, which accepted sockets inherit. UNIX: a path where nobody
    /// answers is unlinked first; who may connect is a matter of the folder's mode, which is the caller's (0700).
    ///
    /// - Throws: `LoopError`; `isAddressInUse` also when somebody answers at the UNIX path.
    package static func bind(_ address: SocketAddress, backlog: Int32 = 4096) throws(LoopError) -> ListeningSocket {
        if case .unix(let path) = address { try unlinkStale(path, address) }
        let descriptor = cuv_stream_socket(address.family)
        guard descriptor >= 0 else { throw .current("socket") }
        switch address {
        case .ipv4: break
        case .ipv6: Descriptors.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        case .unix: break
        }
        if !address.isUNIX {
            Descriptors.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            Descriptors.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        }
        guard address.withKernelForm({ Glibc.bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
            let error = LoopError.current("bind")
            Glibc.close(descriptor)
            throw error
        }
        return try ListeningSocket(adopting: descriptor)
    }

    /// Another descriptor of this listener, the caller's to close or to hand on.
    package func duplicate() throws(LoopError) -> Int32 { try Descriptors.duplicate(descriptor) }

    /// Removes a socket file that nobody serves any more; leaves every other kind of file alone, so that bind refuses it.
    private static func unlinkStale(_ path: String, _ address: SocketAddress) throws(LoopError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = cuv_stream_socket(AF_UNIX)
        guard probe >= 0 else { throw .current("socket") }
        defer { Glibc.close(probe) }
        let answer = address.withKernelForm { connect(probe, $0, $1) } == 0 ? 0 : errno
        if answer == ECONNREFUSED { unlink(path) } else { throw LoopError("bind", code: -EADDRINUSE) }
    }
}
