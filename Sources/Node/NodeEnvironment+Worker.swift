import Glibc
import Loop

extension NodeEnvironment {
    /// Of a worker: what the hub gave if it started us, else what its state folder says.
    package static func worker(stateFolder: String, name: String?) throws(NodeFailure) -> NodeEnvironment {
        if let environment = try fromHub() { return environment }
        return try NodeEnvironment(stateFolder: stateFolder, name: name ?? "worker-of-\(getpid())")
    }

    /// Of a program that knows the hub by its state folder, which says where the hub's socket is and has the key.
    package init(stateFolder: String, name: String) throws(NodeFailure) {
        let file = stateFolder + "/hub.address"
        guard let bytes = FileBytes.read(file, limit: 1024) else {
            throw NodeFailure("no hub has '\(stateFolder)' as its state folder: \(file) cannot be read")
        }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let address = SocketAddress(text) else {
            throw NodeFailure("\(file) holds '\(text)', which is no address")
        }
        self.init(
            name: name, key: try Self.key(inFile: stateFolder + "/cluster.key"), hub: address, lifeline: Self.lifeline)
    }
}
