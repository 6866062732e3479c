import Core
import Testing

@Suite("WebSocket upgrade")
struct WebSocketUpgradeTests {
    private static let lines = [
        "GET /connect HTTP/1.1", "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: chat, switchback.json.1, switchback.1",
        "Sec-WebSocket-Version: 13",
    ]
    private static let spoken = ["switchback.1", "switchback.json.1"]

    private static func answer(_ lines: [String]) -> WebSocketUpgrade.Answer? {
        let probe = HTTPHeadProbe(lines.joined(separator: "\r\n") + "\r\n\r\n")
        return probe.heads.first.map { WebSocketUpgrade.check($0, subprotocols: spoken) }
    }

    @Test("RFC 6455's example is accepted with its proof, and the client's first choice is taken")
    func accepted() {
        guard case .accept("switchback.json.1", let bytes)? = Self.answer(Self.lines) else {
            Issue.record("not accepted")
            return
        }
        let expected =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: switchback.json.1\r\n\r\n"
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test(
        "A request that is not quite one is refused and told why",
        arguments: [
            (0, "POST /connect HTTP/1.1", 405), (0, "GET /connect HTTP/1.0", 400), (2, "Upgrade: h2c", 426),
            (2, "X: y", 426), (3, "Connection: close", 426), (4, "X: y", 400), (4, "Sec-WebSocket-Key: abc", 400),
            (4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400),
            (4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=", 400),
            (4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=", 400),
            (4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400),
            (5, "Sec-WebSocket-Protocol: chat", 400), (5, "X: y", 400), (6, "X: y", 426),
            (6, "Sec-WebSocket-Version: 8", 426), (6, "Sec-WebSocket-Version: 13\r\nContent-Length: 1", 400),
        ])
    func refused(index: Int, line: String, status: Int) {
        var lines = Self.lines
        lines[index] = line
        guard case .refuse(let response, let reason)? = Self.answer(lines) else {
            Issue.record("accepted with \(line)")
            return
        }
        #expect(response.status == status, "\(line): \(reason)")
        #expect(status != 426 || response.headers.first("sec-websocket-version") == "13")
    }

    private static func response(_ bytes: [UInt8]) throws -> HTTPResponseHead {
        var reader = HTTPResponseHeadReader()
        var offset = 0
        return try #require(try bytes.withUnsafeBytes { try reader.next(in: $0, from: &offset) })
    }

    @Test("Our client's request is accepted by our server, and its answer by our client")
    func bothSides() throws {
        let client = WebSocketClientUpgrade(
            host: "a:1", path: "/connect", subprotocols: ["switchback.1"], nonce: Array(1...16))
        let head = try #require(HTTPHeadProbe(client.requestBytes(headers: ["Origin": "http://a"])).heads.first)
        #expect(WebSocketUpgrade.isAsked(by: head) && head.headers.first("origin") == "http://a")
        guard case .accept("switchback.1", let bytes) = WebSocketUpgrade.check(head, subprotocols: Self.spoken) else {
            Issue.record("not accepted")
            return
        }
        #expect(try client.check(Self.response(bytes)) == "switchback.1")
        let other = WebSocketClientUpgrade(host: "a", path: "/", subprotocols: ["switchback.1"], nonce: Array(2...17))
        #expect(throws: WebSocketClientUpgrade.Refusal.self) { try other.check(Self.response(bytes)) }
    }

    @Test(
        "A client refuses an answer that is not to its question",
        arguments: [
            ("HTTP/1.1 200 OK", "Upgrade: websocket", "Sec-WebSocket-Protocol: a"),
            ("HTTP/1.1 101 Yes", "Upgrade: h2c", "Sec-WebSocket-Protocol: a"),
            ("HTTP/1.1 101 Yes", "Upgrade: websocket", "Sec-WebSocket-Protocol: b"),
            ("HTTP/1.1 101 Yes", "Upgrade: websocket", "X: y"),
            ("HTTP/1.1 101 Yes", "Upgrade: websocket", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: x"),
            ("HTTP/1.1 101 Yes", "Upgrade: websocket", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a"),
        ])
    func wrongAnswers(status: String, upgrade: String, subprotocol: String) throws {
        let nonce = Array("the sample nonce".utf8)
        let client = WebSocketClientUpgrade(host: "a", path: "/", subprotocols: ["a"], nonce: nonce)
        let proof = "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        let text = [status, upgrade, proof, subprotocol].joined(separator: "\r\n") + "\r\n\r\n"
        let head = try Self.response(Array(text.utf8))
        #expect(throws: WebSocketClientUpgrade.Refusal.self) { try client.check(head) }
    }
}
