import Core
import Testing

/// Feeds a head reader as a shell would, in pieces, from buffers of exactly the bytes there are.
struct HTTPHeadProbe {
    var heads: [HTTPRequestHead] = []
    var error: HTTPError?
    var left: [UInt8] = []

    init(_ text: String, pieceSize: Int = .max, limits: HTTPLimits = .standard) {
        self.init(Array(text.utf8), pieceSize: pieceSize, limits: limits)
    }

    init(_ bytes: [UInt8], pieceSize: Int = .max, limits: HTTPLimits = .standard) {
        var reader = HTTPHeadReader(limits: limits)
        let cuts = pieceSize < bytes.count ? Array(stride(from: pieceSize, to: bytes.count, by: pieceSize)) : []
        for (start, end) in zip([0] + cuts, cuts + [bytes.count]) where error == nil {
            left += bytes[start..<end]
            var offset = 0
            do throws(HTTPError) {
                try left.withUnsafeBufferPointer { (buffer) throws(HTTPError) in
                    while let head = try reader.next(in: UnsafeRawBufferPointer(buffer), from: &offset) {
                        heads.append(head)
                        reader = HTTPHeadReader(limits: limits)
                    }
                }
            } catch {
                self.error = error
            }
            left.removeFirst(offset)
        }
    }
}

@Suite("HTTP head reader")
struct HTTPHeadReaderTests {
    private static let request =
        "GET /channels/arena%2F1/a%20b?since=5&q=a+b%26c&empty=&flag HTTP/1.1\r\nHost: example.test:8080\r\n"
        + "Connection: keep-alive, Upgrade\r\nX-Empty:\r\nx-list: a,, b \t\r\nX-List:c\r\nCookie: k=\"ü\"\r\n\r\n"

    @Test("A head is read whole and in pieces of any size", arguments: [1, 2, 3, 7, 50, Int.max])
    func reads(size: Int) throws {
        let probe = HTTPHeadProbe(Self.request + "rest", pieceSize: size)
        #expect(probe.error == nil)
        let head = try #require(probe.heads.first)
        #expect(head.method == "GET" && head.version == .http11)
        #expect(head.target.raw == "/channels/arena%2F1/a%20b?since=5&q=a+b%26c&empty=&flag")
        #expect(head.path == "/channels/arena/1/a b")
        #expect(head.query.map(\.name) == ["since", "q", "empty", "flag"])
        #expect(head.query.map(\.value) == ["5", "a b&c", "", ""])
        #expect(head.target.first("q") == "a b&c" && head.target.first("none") == nil)
        #expect(head.host == "example.test:8080")
        #expect(head.headers.first("X-EMPTY") == "")
        #expect(head.headers.all("x-list") == ["a,, b", "c"])
        #expect(head.headers.tokens("x-list") == ["a", "b", "c"])
        #expect(head.headers.hasToken("connection", "upgrade") && !head.headers.hasToken("connection", "up"))
        #expect(head.headers.first("cookie") == "k=\"ü\"")
        #expect(head.bodyLength == .none && head.keepAlive && !head.expectsContinue)
        #expect(probe.left == Array("rest".utf8))
    }

    @Test("Several heads one behind the other are read one by one", arguments: [1, 11, Int.max])
    func pipelined(size: Int) {
        let probe = HTTPHeadProbe(String(repeating: Self.request, count: 3), pieceSize: size)
        #expect(probe.heads.count == 3 && probe.error == nil && probe.left.isEmpty)
    }

    @Test("A head that ends anywhere is waited for")
    func truncated() {
        let bytes = Array(Self.request.utf8)
        for count in 0..<bytes.count {
            let probe = HTTPHeadProbe(Array(bytes[..<count]))
            #expect(probe.heads.isEmpty && probe.error == nil, "cut at \(count)")
        }
    }

    @Test("With any bit flipped it is an error or a head, however it is cut")
    func bitFlips() {
        let bytes = Array(Self.request.utf8)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let (whole, dripped) = (HTTPHeadProbe(flipped), HTTPHeadProbe(flipped, pieceSize: 1))
            #expect(whole.error == dripped.error && whole.heads.count == dripped.heads.count, "bit \(bit)")
        }
    }

    @Test(
        "What two readers could understand differently is refused",
        arguments: [
            ("a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
            ("a bare LF in the headers", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
            ("a bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", 400),
            ("CR CR LF", "GET / HTTP/1.1\r\r\n", 400),
            ("an empty line first", "\r\nGET / HTTP/1.1\r\n", 400),
            ("a folded header", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n", 400),
            ("a header that begins with a tab", "GET / HTTP/1.1\r\n\tHost: a\r\n", 400),
            ("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n", 400),
            ("a header without a name", "GET / HTTP/1.1\r\n: a\r\n", 400),
            ("a header without a colon", "GET / HTTP/1.1\r\nHost\r\n", 400),
            ("a name with a slash", "GET / HTTP/1.1\r\nA/B: c\r\n", 400),
            ("a name beyond ASCII", "GET / HTTP/1.1\r\nÄ: c\r\n", 400),
            ("a NUL in a value", "GET / HTTP/1.1\r\nA: b\0c\r\n", 400),
            ("a DEL in a value", "GET / HTTP/1.1\r\nA: b\u{7F}c\r\n", 400),
            ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
            ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
            ("a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
            ("a Host with two names", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
            ("HTTP/0.9", "GET /\r\n", 400), ("HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505),
            ("HTTP/1.2", "GET / HTTP/1.2\r\n", 505), ("HTTP/1.11", "GET / HTTP/1.11\r\n", 400),
            ("small letters", "GET / http/1.1\r\n", 400), ("a space too much", "GET  / HTTP/1.1\r\n", 400),
            ("a space at the end", "GET / HTTP/1.1 \r\n", 400), ("a tab between", "GET\t/\tHTTP/1.1\r\n", 400),
            ("an empty method", " / HTTP/1.1\r\n", 400), ("a method that is no token", "G(T / HTTP/1.1\r\n", 400),
            ("TLS at the plain port", "\u{16}\u{03}\u{01}", 400),
            ("a whole URL", "GET http://a/ HTTP/1.1\r\n", 400), ("CONNECT", "CONNECT a:1 HTTP/1.1\r\n", 400),
            ("a star with GET", "GET * HTTP/1.1\r\n", 400),
            ("a fragment", "GET /a#b HTTP/1.1\r\n", 400), ("a path beyond ASCII", "GET /ä HTTP/1.1\r\n", 400),
            ("dots", "GET /a/../b HTTP/1.1\r\n", 400), ("dots at the end", "GET /a/.. HTTP/1.1\r\n", 400),
            ("one dot", "GET /./a HTTP/1.1\r\n", 400), ("hidden dots", "GET /%2e%2E/a HTTP/1.1\r\n", 400),
            ("dots behind a hidden slash", "GET /a%2F..%2fb HTTP/1.1\r\n", 400),
            ("a hidden NUL", "GET /a%00 HTTP/1.1\r\n", 400), ("a hidden line end", "GET /a%0d%0a HTTP/1.1\r\n", 400),
            ("half a percent", "GET /a%2 HTTP/1.1\r\n", 400), ("a percent of letters", "GET /a%zz HTTP/1.1\r\n", 400),
            ("hidden bytes that are not UTF-8", "GET /%FF HTTP/1.1\r\n", 400),
            ("an overlong slash", "GET /%C0%AF HTTP/1.1\r\n", 400), ("a bad query", "GET /?a=%F HTTP/1.1\r\n", 400),
        ])
    func refused(what: String, text: String, status: Int) {
        for size in [1, Int.max] {
            let probe = HTTPHeadProbe(text, pieceSize: size)
            #expect(probe.error?.status == status, "\(what)")
            #expect(probe.heads.isEmpty, "\(what)")
        }
    }

    @Test(
        "The body's length is known for sure, or the request is refused",
        arguments: [
            ("Content-Length: 0", HTTPBodyLength.length(0), 0), ("Content-Length: 12", .length(12), 0),
            ("content-length:  007 ", .length(7), 0),
            ("Transfer-Encoding: chunked", .chunked, 0), ("Transfer-Encoding: Chunked", .chunked, 0),
            ("Content-Length: 1\r\nContent-Length: 1", .none, 400), ("Content-Length: 1, 1", .none, 400),
            ("Content-Length: +1", .none, 400), ("Content-Length: -1", .none, 400), ("Content-Length: 0x1", .none, 400),
            ("Content-Length:", .none, 400), ("Content-Length: 1 2", .none, 400),
            ("Content-Length: 99999999999999999999", .none, 400),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", .none, 400),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .none, 400),
            ("Transfer-Encoding: gzip, chunked", .none, 501), ("Transfer-Encoding: chunked, identity", .none, 501),
            ("Transfer-Encoding: \"chunked\"", .none, 501), ("Transfer-Encoding:", .none, 501),
            ("Expect: tea", .none, 417),
        ])
    func bodyLengths(line: String, length: HTTPBodyLength, status: Int) {
        let probe = HTTPHeadProbe("POST / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n")
        #expect(probe.error?.status == (status == 0 ? nil : status), "\(line)")
        #expect(probe.heads.first?.bodyLength == (status == 0 ? length : nil), "\(line)")
    }

    @Test("Version, connection and expectation are understood")
    func connection() {
        let old = HTTPHeadProbe("GET / HTTP/1.0\r\n\r\n").heads.first
        #expect(old?.keepAlive == false && old?.host == nil)
        #expect(HTTPHeadProbe("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").heads.first?.keepAlive == true)
        #expect(
            HTTPHeadProbe("GET / HTTP/1.1\r\nHost:\r\nConnection: x, CLOSE\r\n\r\n").heads.first?.keepAlive == false)
        #expect(HTTPHeadProbe("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").error?.status == 400)
        #expect(HTTPHeadProbe("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").heads.first?.path == "*")
        let waiting = HTTPHeadProbe("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")
        #expect(waiting.heads.first?.expectsContinue == true)
    }

    @Test("The limits hold to the byte, also for a line that never ends", arguments: [1000, Int.max])
    func limits(size: Int) {
        func status(_ text: String) -> Int? { HTTPHeadProbe(text, pieceSize: size).error?.status }
        let path = String(repeating: "a", count: 8192 - "GET / HTTP/1.1".utf8.count)
        #expect(status("GET /\(path) HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
        #expect(status("GET /\(path)a HTTP/1.1\r\nHost: a\r\n\r\n") == 431)
        #expect(status("GET /" + String(repeating: "a", count: 8188)) == 431)
        let start = "GET / HTTP/1.1\r\n"
        let frame = "Host: a\r\nA: \r\n\r\n".utf8.count
        let value = String(repeating: "b", count: 16384 - frame)
        #expect(status(start + "Host: a\r\nA: \(value)\r\n\r\n") == nil)
        #expect(status(start + "Host: a\r\nA: \(value)b\r\n\r\n") == 431)
        #expect(status(start + "A: " + String(repeating: "b", count: 16380)) == 431)
        let many = String(repeating: "A: b\r\n", count: 99)
        #expect(status(start + "Host: a\r\n" + many + "\r\n") == nil)
        #expect(status(start + "Host: a\r\n" + many + "B: c\r\n") == 431)
    }
}
