import Glibc

/// A socket of the test's own: bytes out, bytes in, no idea of what they mean.
final class Wire {
    let descriptor: Int32
    /// What came and has not been taken.
    var input: [UInt8] = []
    /// What `offer` began and could not write.
    private var unsent: [UInt8] = []
    /// The other side has closed.
    private(set) var isEnded = false

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects to a port of this machine.
    static func tcp(_ port: UInt16) throws -> Wire {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return try connected(AF_INET, &address, "port \(port)")
    }

    /// Connects to a UNIX socket.
    static func unix(_ path: String) throws -> Wire {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (place, byte) in path.utf8.enumerated() where place < room.count - 1 { room[place] = byte }
        }
        return try connected(AF_UNIX, &address, path)
    }

    private static func connected<A>(_ family: Int32, _ address: inout A, _ name: String) throws -> Wire {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<A>.size))
            }
        }
        let reason = String(cString: strerror(errno))
        let wire = Wire(descriptor)
        guard outcome == 0 else { throw Failure("\(name): \(reason)") }
        return wire
    }

    /// Writes all of it, or throws if the other side does not take it.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure("the connection is gone: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// Writes what is taken without waiting; the rest goes before anything else that is offered.
    func offer(_ bytes: [UInt8]) {
        var sent = unsent.isEmpty ? bytes : unsent
        let count = sent.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        sent.removeFirst(max(0, count))
        unsent = sent
    }

    /// Writes behind what waits what is taken without waiting. Nothing is lost: call it again until all has gone.
    func pour(_ bytes: [UInt8] = []) {
        unsent += bytes
        guard !unsent.isEmpty else { return }
        offer([])
    }

    /// Says that nothing more will be sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Takes in what is there, without waiting.
    func fill() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !isEnded {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                input.append(contentsOf: buffer[..<count])
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                isEnded = true
            } else {
                return
            }
        }
    }

    /// Waits until there is something to read on one of `wires`, or the time is over.
    static func await(_ wires: [Wire], _ bound: Bound) {
        var polls = wires.filter { !$0.isEnded }.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        poll(&polls, nfds_t(polls.count), min(bound.milliseconds, 200))
    }

    /// Everything until the other side closes.
    func rest(within duration: Duration = .seconds(10)) throws -> [UInt8] {
        let bound = Bound(duration)
        fill()
        while !isEnded {
            guard !bound.isOver else { throw Failure("the connection stays open after \(duration)") }
            Wire.await([self], bound)
            fill()
        }
        defer { input = [] }
        return input
    }
}
