import State

/// The server's side of the WebSocket handshake (RFC 6455, 4.2), without extensions. Whether the origin may come in is
/// the caller's question, asked before.
package enum WebSocketUpgrade {
    package enum Answer: Sendable {
        /// Send the bytes; from then on the connection speaks WebSocket.
        case accept(subprotocol: String?, responseBytes: [UInt8])
        /// Send the response and close.
        case refuse(HTTPResponse, reason: String)
    }

    /// Whether the request asks for WebSocket at all; if not, it is a plain one.
    package static func isAsked(by head: HTTPRequestHead) -> Bool { head.headers.hasToken("upgrade", "websocket") }

    /// Judges the request.
    ///
    /// - Parameter subprotocols: those spoken here. The first of the client's that is among them is chosen; a client that
    ///   offers none of them is refused, unless this list is empty.
    package static func check(_ head: HTTPRequestHead, subprotocols: [String]) -> Answer {
        let headers = head.headers
        guard head.method == "GET" else { return refuse(405, "a WebSocket begins with GET", ["Allow": "GET"]) }
        guard head.version == .http11 else { return refuse(400, "a WebSocket begins with HTTP/1.1") }
        guard head.bodyLength == .none || head.bodyLength == .length(0) else {
            return refuse(400, "a WebSocket request has no body")
        }
        guard headers.hasToken("upgrade", "websocket"), headers.hasToken("connection", "upgrade") else {
            return refuse(426, "this address speaks WebSocket", upgradeHeaders)
        }
        guard headers.all("sec-websocket-version") == ["13"] else {
            return refuse(426, "the WebSocket version is 13", upgradeHeaders)
        }
        let keys = headers.all("sec-websocket-key")
        guard keys.count == 1, Base64.decode(keys[0])?.count == 16 else {
            return refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64")
        }
        let offered = headers.tokens("sec-websocket-protocol")
        let chosen = offered.first { subprotocols.contains(String($0)) }.map(String.init)
        guard chosen != nil || subprotocols.isEmpty else {
            return refuse(400, "no subprotocol in common; here: " + subprotocols.joined(separator: ", "))
        }
        return .accept(subprotocol: chosen, responseBytes: response(to: keys[0], subprotocol: chosen))
    }

    /// What proves that the server understood: the key with RFC 6455's fixed text, hashed.
    static func acceptValue(for key: String) -> String {
        Base64.encode(Crypto.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    /// What a 426 says besides its text.
    private static let upgradeHeaders: HTTPHeaders = [
        "Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Version": "13",
    ]

    private static func response(to key: String, subprotocol: String?) -> [UInt8] {
        var headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": acceptValue(for: key),
        ]
        if let subprotocol { headers.append("Sec-WebSocket-Protocol", subprotocol) }
        return HTTPResponse(status: 101, headers: headers).bytes(fate: .keepAlive)
    }

    private static func refuse(_ status: Int, _ reason: String, _ headers: HTTPHeaders = [:]) -> Answer {
        .refuse(HTTPResponse(status: status, text: reason + "\n", headers: headers), reason: reason)
    }
}
