import Core
import Loop

/// Where a client connects, and what it speaks there: `ws://HOST:PORT/PATH` or `tcp://HOST:PORT`. Hosts are addresses or
/// `localhost`; names are not looked up.
package struct ClientAddress: Sendable {
    package let socket: SocketAddress
    package let transport: ClientTransport

    package init(_ url: String) throws(ClientError) {
        guard let colon = url.firstRange(of: "://") else {
            throw ClientError("'\(url)' is no address: write ws://127.0.0.1:8080/connect or tcp://127.0.0.1:8080")
        }
        let scheme = url[..<colon.lowerBound]
        let rest = url[colon.upperBound...]
        let place = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(place.count)
        switch scheme {
        case "ws":
            // An IPv6 address ends with its bracket; anything behind it is the port.
            let hasPort = place.reversed().prefix { $0 != "]" }.contains(":")
            guard let socket = SocketAddress(hasPort ? String(place) : place + ":80") else {
                throw ClientError("'\(place)' is no address with a port")
            }
            self.socket = socket
            let path = tail.isEmpty ? "/connect" : tail.hasPrefix("/") ? String(tail) : "/connect" + tail
            transport = .webSocket(host: String(place), path: path)
        case "tcp":
            guard let socket = SocketAddress(String(place)), tail.isEmpty || tail == "/" else {
                throw ClientError("'\(url)' is not tcp://HOST:PORT")
            }
            self.socket = socket
            transport = .plain
        default: throw ClientError("'\(scheme)' is not spoken here: write ws:// or tcp://")
        }
    }

    package init(_ socket: SocketAddress, _ transport: ClientTransport) {
        self.socket = socket
        self.transport = transport
    }
}
