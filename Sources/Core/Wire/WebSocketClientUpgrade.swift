import State

/// The client's side of the WebSocket handshake (RFC 6455, 4.1): the request, and the check of what came back.
package struct WebSocketClientUpgrade: Sendable {
    /// Why the answer does not open a WebSocket.
    package enum Refusal: Error, Equatable, Sendable {
        /// The server answered something else than 101; the status says what.
        case status(Int)
        /// It answered 101, but not as this request's answer.
        case broken(WireError.StaticWord)
    }

    private let host: String
    private let path: String
    private let subprotocols: [String]
    private let key: String

    /// - Parameters:
    ///   - host: for the `Host` header, with the port if it is not the usual one.
    ///   - path: with the query, as it goes into the request line: percent-encoded.
    ///   - nonce: 16 random bytes, new for each connection.
    package init(host: String, path: String, subprotocols: [String], nonce: [UInt8]) {
        precondition(nonce.count == 16, "a WebSocket nonce has 16 bytes, not \(nonce.count)")
        self.host = host
        self.path = path
        self.subprotocols = subprotocols
        key = Base64.encode(nonce)
    }

    /// The request, with `headers` behind those of the handshake.
    package func requestBytes(headers: HTTPHeaders = [:]) -> [UInt8] {
        var fields: HTTPHeaders = [
            "Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        ]
        if !subprotocols.isEmpty {
            fields.append("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", "))
        }
        for field in headers.fields { fields.append(field.name, field.value) }
        return HTTPRequest(method: "GET", target: path, headers: fields).bytes()
    }

    /// The subprotocol that the server chose; nil if none was offered.
    package func check(_ head: HTTPResponseHead) throws(Refusal) -> String? {
        guard head.status == 101 else { throw .status(head.status) }
        guard head.headers.hasToken("upgrade", "websocket"), head.headers.hasToken("connection", "upgrade") else {
            throw .broken("the answer upgrades to something else")
        }
        guard head.headers.all("sec-websocket-accept") == [WebSocketUpgrade.acceptValue(for: key)] else {
            throw .broken("the answer does not belong to this request's key")
        }
        guard head.headers.all("sec-websocket-extensions").isEmpty else {
            throw .broken("the server chose an extension that was not offered")
        }
        let chosen = head.headers.all("sec-websocket-protocol")
        guard chosen.count <= 1, chosen.allSatisfy(subprotocols.contains), chosen.isEmpty == subprotocols.isEmpty
        else { throw .broken("the server chose no subprotocol that was offered") }
        return chosen.first
    }
}
