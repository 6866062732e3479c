import Core
import State
import Testing

@Suite("Requests at a front")
struct FrontHTTPTests {
    /// A POST of these bytes, as a browser sends it.
    private static func post(_ body: String, extra: String = "") -> [UInt8] {
        Array("POST /post HTTP/1.1\r\nHost: x\r\n\(extra)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    private static let chunked =
        "POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n"

    @Test("A body is read whole, however it is cut, and the next request follows it", arguments: [1, 2, 7, 1000])
    func bodies(step: Int) {
        for request in [Self.post("hello there"), Array(Self.chunked.utf8)] {
            var stage = FrontStage()
            let id = stage.open()
            let bytes = request + Array("GET /next HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            for start in stride(from: 0, to: bytes.count, by: step) {
                stage.send(Array(bytes[start..<min(start + step, bytes.count)]), on: id)
            }
            let text = String(decoding: stage[id].raw, as: UTF8.self)
            #expect(text.contains("/post hello there"), "\(text)")
            #expect(text.hasSuffix("/next "), "\(text)")
            #expect(!stage[id].isClosed)
            #expect(stage.front.bodyByteCount == 0)
            #expect(stage.front.counters.httpBodyBytes == 11)
        }
    }

    @Test("Who waits for 100 Continue reads it before the body is sent; a body that is too long is refused without it")
    func expectation() {
        var stage = FrontStage()
        let id = stage.open()
        let whole = Self.post("hello", extra: "Expect: 100-continue\r\n")
        stage.send(Array(whole.dropLast(5)), on: id)
        #expect(stage[id].raw == HTTPResponse.continueBytes)
        stage.send(Array(whole.suffix(5)), on: id)
        #expect(String(decoding: stage[id].raw, as: UTF8.self).hasSuffix("/post hello"))

        let other = stage.open()
        let head = "POST /post HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"
        stage.send(Array(head.utf8), on: other)
        #expect(String(decoding: stage[other].raw, as: UTF8.self).hasPrefix("HTTP/1.1 413 "))
        #expect(stage[other].isClosed)
        #expect(stage.front.counters.httpRefused[413] == 1)
    }

    @Test("A body of exactly the limit is taken; a chunk that goes beyond it is refused")
    func limit() {
        var stage = FrontStage()
        let id = stage.open()
        stage.send(Self.post(String(repeating: "a", count: 1 << 20)), on: id)
        #expect(String(decoding: stage[id].raw, as: UTF8.self).hasPrefix("HTTP/1.1 200 "))

        let other = stage.open()
        stage.send(
            Array("POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n".utf8), on: other)
        // The answer before was all that a turn writes.
        stage.pass(.milliseconds(1))
        #expect(String(decoding: stage[other].raw, as: UTF8.self).hasPrefix("HTTP/1.1 413 "))
        #expect(stage[other].isClosed)
    }

    @Test("A body that comes too slowly ends with 408 in its second second, one that drips on at pace after ten")
    func slowness() {
        var stage = FrontStage()
        let slow = stage.open()
        let steady = stage.open()
        let head = "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        stage.send(Array(head.utf8), on: slow)
        stage.send(Array(head.utf8), on: steady)
        for second in 1...12 where !stage[steady].isClosed {
            stage.send([UInt8](repeating: 0x61, count: 1500), on: steady)
            stage.pass(.seconds(1))
            if second == 3 { #expect(stage[slow].isClosed) }
            if second < 9 { #expect(!stage[steady].isClosed, "second \(second)") }
        }
        for id in [slow, steady] {
            #expect(String(decoding: stage[id].raw, as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
            #expect(stage[id].isClosed)
        }
        #expect(stage.front.counters.httpRefused[408] == 2)
        #expect(stage.front.bodyByteCount == 0)
    }

    @Test("All bodies together have a limit: who goes beyond it is told to try again, the others go on")
    func bodiesTogether() {
        var settings = HTTPLimits()
        settings.bodiesByteLimit = 1000
        var stage = FrontStage(http: settings)
        let head = "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n"
        let (first, second) = (stage.open(), stage.open())
        stage.send(Array(head.utf8) + [UInt8](repeating: 0x61, count: 599), on: first)
        stage.send(Array(head.utf8) + [UInt8](repeating: 0x62, count: 599), on: second)
        let refusal = String(decoding: stage[second].raw, as: UTF8.self)
        #expect(refusal.hasPrefix("HTTP/1.1 503 ") && refusal.contains("Retry-After"))
        stage.send([0x61], on: first)
        #expect(String(decoding: stage[first].raw, as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
        stage.drop(first)
        #expect(stage.front.bodyByteCount == 0)
    }

    @Test("A front whose application takes no bodies says so")
    func noBodies() {
        var settings = HTTPLimits()
        settings.bodyByteLimit = 0
        var stage = FrontStage(http: settings)
        let id = stage.open()
        stage.send(Self.post("hello"), on: id)
        #expect(String(decoding: stage[id].raw, as: UTF8.self).hasPrefix("HTTP/1.1 413 "))
    }

    @Test("An application that does not answer is answered for after 30 s; a late answer goes nowhere")
    func noAnswer() {
        var stage = FrontStage()
        stage.answersHTTP = false
        let id = stage.open()
        stage.send(Array("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n".utf8), on: id)
        stage.pass(.seconds(29))
        #expect(stage[id].raw.isEmpty)
        stage.pass(.seconds(3))
        let text = String(decoding: stage[id].raw, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        stage.front.answer(id, HTTPResponse(status: 200, text: "late"), now: stage.now)
        stage.pump()
        #expect(String(decoding: stage[id].raw, as: UTF8.self) == text)
    }

    @Test("A connection is kept after an answer for 15 s, and its end is nobody's failure")
    func kept() {
        var stage = FrontStage()
        let id = stage.open()
        stage.send(Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8), on: id)
        stage.pass(.seconds(13))
        stage.send(Array("GET /b HTTP/1.1\r\nHost: x\r\n\r\n".utf8), on: id)
        #expect(String(decoding: stage[id].raw, as: UTF8.self).hasSuffix("/b "))
        stage.pass(.seconds(17))
        #expect(stage[id].isClosed)
        #expect(stage.front.counters.closed.isEmpty)
    }
}
