import Core
import Glibc
import Loop
import Node

/// Where a program finds its cluster.
public struct HubAddress: Sendable {
    enum Place: Sendable {
        case environment
        case state(String)
        case hub(socket: String, keyFile: String)
        case backs([String], keyFile: String)
    }

    let place: Place

    /// What `hub run` put into this process's environment.
    public static let environment = HubAddress(place: .environment)

    /// The hub whose state folder this is (`.switchback` in the folder where `hub run` was called): its key and its socket are
    /// found from there.
    public static func state(_ folder: String) -> HubAddress {
        HubAddress(place: .state(folder))
    }

    /// A hub by its socket and key file.
    public static func socket(_ path: String, keyFile: String) -> HubAddress {
        HubAddress(place: .hub(socket: path, keyFile: keyFile))
    }

    /// Back processes that run without a hub, by their addresses.
    public static func backs(_ addresses: [String], keyFile: String) -> HubAddress {
        HubAddress(place: .backs(addresses, keyFile: keyFile))
    }

    /// The environment of a front that goes there, and the backs if no hub names them.
    func resolve(name: String) throws(NodeFailure) -> (NodeEnvironment, [SocketAddress]) {
        switch place {
        case .environment:
            guard var environment = try NodeEnvironment.fromHub() else {
                throw NodeFailure("no hub started this process (SWITCHBACK_HUB is not set)")
            }
            environment.name = name
            // A watcher closes its descriptor, and a worker that has a front too watches the lifeline with both.
            environment.lifeline = environment.lifeline.flatMap {
                let copy = fcntl($0, F_DUPFD_CLOEXEC, 0)
                return copy < 0 ? nil : copy
            }
            return (environment, [])
        case .state(let folder): return (try NodeEnvironment(stateFolder: folder, name: name), [])
        case .hub(let socket, let keyFile):
            let environment = NodeEnvironment(
                name: name, key: try NodeEnvironment.key(inFile: keyFile), hub: .unix(socket),
                lifeline: NodeEnvironment.lifeline)
            return (environment, [])
        case .backs(let texts, let keyFile):
            var addresses: [SocketAddress] = []
            for text in texts {
                guard let address = SocketAddress(text) else { throw NodeFailure("'\(text)' is no address") }
                addresses.append(address)
            }
            let environment = NodeEnvironment(
                name: name, key: try NodeEnvironment.key(inFile: keyFile), lifeline: NodeEnvironment.lifeline)
            return (environment, addresses)
        }
    }
}
