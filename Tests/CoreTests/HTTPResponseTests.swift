import Core
import Testing

@Suite("HTTP response")
struct HTTPResponseTests {
    private static func head(_ bytes: [UInt8]) throws(HTTPError) -> (HTTPResponseHead?, rest: [UInt8]) {
        var reader = HTTPResponseHeadReader()
        var head: HTTPResponseHead?
        var kept: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            kept.append(byte)
            var offset = 0
            head = try kept.withUnsafeBufferPointer { (buffer) throws(HTTPError) in
                try reader.next(in: UnsafeRawBufferPointer(buffer), from: &offset)
            }
            kept.removeFirst(offset)
            if head != nil { return (head, Array(bytes[(index + 1)...])) }
        }
        return (head, kept)
    }

    @Test("An answer is written with its length and what becomes of the connection")
    func text() {
        let response = HTTPResponse(status: 200, text: "hi\n", headers: ["X-A": "b"])
        let expected =
            "HTTP/1.1 200 OK\r\nDate: D\r\nX-A: b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
            + "Connection: keep-alive\r\n\r\nhi\n"
        #expect(String(decoding: response.bytes(fate: .keepAlive, date: "D"), as: UTF8.self) == expected)
        let toHead = response.bytes(method: "HEAD", fate: .close)
        #expect(String(decoding: toHead, as: UTF8.self).hasSuffix("Content-Length: 3\r\nConnection: close\r\n\r\n"))
    }

    @Test("What is written is read back, byte by byte", arguments: [200, 204, 304, 404, 431, 505, 599])
    func roundTrip(status: Int) throws {
        let (head, rest) = try Self.head(HTTPResponse(status: status, text: "body").bytes(fate: .close))
        #expect(head?.status == status)
        let length = try head?.bodyLength(answering: "GET")
        let hasBody = status != 204 && status != 304
        #expect(length == (hasBody ? .length(4) : HTTPBodyLength.none))
        #expect(rest == (hasBody ? Array("body".utf8) : []))
        #expect(try head?.bodyLength(answering: "HEAD") == HTTPBodyLength.none)
    }

    @Test("A stream has no length and ends with the connection")
    func stream() throws {
        let response = HTTPResponse(status: 200, headers: ["Content-Type": "text/event-stream"], body: .untilClose)
        let (head, _) = try Self.head(response.bytes(fate: .keepAlive))
        #expect(head?.headers.first("connection") == "close" && head?.headers.first("content-length") == nil)
        #expect(try head?.bodyLength(answering: "GET") == nil)
    }

    @Test("Nothing in a header of ours can end its line")
    func injection() throws {
        let (head, rest) = try Self.head(
            HTTPResponse(status: 200, headers: ["Location": "/a\r\nSet-Cookie: x\r\n\r\nbody"]).bytes(fate: .close))
        #expect(head?.headers.first("location") == "/a  Set-Cookie: x    body" && rest.isEmpty)
        let request = HTTPRequest(method: "GET", target: "/a b\r\nX: y", headers: ["Host": "h"]).bytes()
        #expect(String(decoding: request, as: UTF8.self) == "GET /a%20b%0D%0AX:%20y HTTP/1.1\r\nHost: h\r\n\r\n")
    }

    @Test("A refusal answers with its status and reason")
    func refusal() {
        let text = String(
            decoding: HTTPResponse(.headTooLong("the request line", limit: 8192)).bytes(fate: .close), as: UTF8.self)
        #expect(
            text.hasPrefix("HTTP/1.1 431 ") && text.hasSuffix("\r\n\r\nthe request line is over its limit of 8192\n"))
    }

    @Test(
        "A status line that is none is refused",
        arguments: [
            "HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 999 OK\r\n", "HTTP/2.0 200 OK\r\n",
            "200 OK\r\n", "HTTP/1.1 200 OK\n",
        ])
    func statusLines(text: String) {
        #expect(throws: HTTPError.self) { _ = try Self.head(Array(text.utf8)) }
    }
}
