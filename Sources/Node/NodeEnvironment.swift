import Core
import Glibc
import Loop

/// What a process of a cluster finds at its start: who it is, where the hub is, and the key.
///
/// `hub run` gives all of it in the environment. Without a hub it comes from the command line: `--listen`, `--key-file`, `--name`.
package struct NodeEnvironment: Sendable {
    package var name: String
    package var key: ClusterKey
    /// The hub's UNIX socket; nil when there is no hub.
    package var hub: SocketAddress?
    /// What the hub granted to a back; nil without a hub.
    package var epoch: Epoch?
    /// A pipe whose other end the owner holds: when that is gone, so are we.
    package var lifeline: Int32?
    package var runtimeFolder: String?

    package init(
        name: String, key: ClusterKey, hub: SocketAddress? = nil, epoch: Epoch? = nil, lifeline: Int32? = nil,
        runtimeFolder: String? = nil
    ) {
        self.name = name
        self.key = key
        self.hub = hub
        self.epoch = epoch
        self.lifeline = lifeline
        self.runtimeFolder = runtimeFolder
    }

    /// From the environment that the hub gives; nil when this process was not started by one.
    package static func fromHub() throws(NodeFailure) -> NodeEnvironment? {
        guard let hub = value("SWITCHBACK_HUB") else { return nil }
        guard let address = SocketAddress(hub) else {
            throw NodeFailure("SWITCHBACK_HUB is '\(hub)', which is no address")
        }
        guard let keyFile = value("SWITCHBACK_KEY_FILE") else { throw NodeFailure("SWITCHBACK_KEY_FILE is missing") }
        return NodeEnvironment(
            name: value("SWITCHBACK_NAME") ?? "unnamed", key: try key(inFile: keyFile), hub: address,
            epoch: value("SWITCHBACK_EPOCH").flatMap(UInt64.init).map(Epoch.init(rawValue:)), lifeline: lifeline,
            runtimeFolder: value("SWITCHBACK_RUNTIME"))
    }

    package static var lifeline: Int32? { value("SWITCHBACK_LIFELINE").flatMap(Int32.init) }

    package static func value(_ name: String) -> String? {
        guard let pointer = getenv(name) else { return nil }
        let text = String(cString: pointer)
        return text.isEmpty ? nil : text
    }

    /// The key in a file of 64 hex digits.
    package static func key(inFile path: String) throws(NodeFailure) -> ClusterKey {
        guard let bytes = FileBytes.read(path, limit: 1024) else {
            throw NodeFailure("the key file '\(path)' cannot be read: \(String(cString: strerror(errno)))")
        }
        guard let key = ClusterKey(hex: String(decoding: bytes, as: UTF8.self)) else {
            throw NodeFailure("the key file '\(path)' does not hold 64 hex digits")
        }
        return key
    }
}

/// Why a process could not start, in words for whoever started it.
package struct NodeFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Whole small files.
package enum FileBytes {
    /// The file's bytes; nil with `errno` set if it cannot be read or is larger than `limit`.
    package static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { return nil }
        guard info.st_mode & S_IFMT == S_IFREG, info.st_size <= limit else {
            errno = info.st_mode & S_IFMT == S_IFDIR ? EISDIR : EFBIG
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }
}
