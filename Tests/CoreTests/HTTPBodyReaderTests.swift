import Core
import Testing

@Suite("HTTP body reader")
struct HTTPBodyReaderTests {
    private struct Probe {
        var body: [UInt8] = []
        var error: HTTPError?
        var isComplete = false
        var left: [UInt8] = []

        init(_ length: HTTPBodyLength, _ text: String, pieceSize: Int = .max, limits: HTTPLimits = .standard) {
            let bytes = Array(text.utf8)
            do throws(HTTPError) {
                var reader = try HTTPBodyReader(length, limits: limits)
                for start in stride(from: 0, to: max(1, bytes.count), by: min(pieceSize, max(1, bytes.count))) {
                    left += bytes[start..<min(bytes.count, start + min(pieceSize, bytes.count))]
                    var offset = 0
                    try left.withUnsafeBufferPointer { (buffer) throws(HTTPError) in
                        let buffer = UnsafeRawBufferPointer(buffer)
                        while !isComplete, let piece = try reader.next(in: buffer, from: &offset) {
                            switch piece {
                            case .bytes(let bytes): body += Array(bytes)
                            case .end: isComplete = true
                            }
                        }
                    }
                    left.removeFirst(offset)
                }
            } catch {
                self.error = error
            }
        }
    }

    private static let chunks = "5\r\nhello\r\n1\r\n \r\n00000A\r\n0123456789\r\n0\r\n\r\n"

    @Test("A body is read whole and in pieces, and what follows is left", arguments: [1, 2, 3, 9, Int.max])
    func reads(size: Int) {
        let chunked = Probe(.chunked, Self.chunks + "next", pieceSize: size)
        #expect(
            chunked.body == Array("hello 0123456789".utf8) && chunked.isComplete && chunked.left == Array("next".utf8))
        let plain = Probe(.length(5), "hellonext", pieceSize: size)
        #expect(plain.body == Array("hello".utf8) && plain.isComplete && plain.left == Array("next".utf8))
        let none = Probe(.none, "next", pieceSize: size)
        #expect(none.body.isEmpty && none.isComplete && none.left == Array("next".utf8))
        #expect(Probe(.length(0), "", pieceSize: size).isComplete)
    }

    @Test("A body that ends anywhere is waited for")
    func truncated() {
        for count in 0..<Self.chunks.utf8.count {
            let probe = Probe(.chunked, String(Self.chunks.utf8.prefix(count)) ?? "")
            #expect(!probe.isComplete && probe.error == nil, "cut at \(count)")
        }
        #expect(!Probe(.length(5), "hell").isComplete)
    }

    @Test(
        "A chunk that is not plain hex, bytes and line end is refused",
        arguments: [
            ("5;name=value\r\n", 400), (" 5\r\n", 400), ("5 \r\n", 400), ("+5\r\n", 400), ("-5\r\n", 400),
            ("0x5\r\n", 400),
            ("g\r\n", 400), ("\r\n", 400), ("5\nhello", 400), ("5\r\nhello0\r\n", 400), ("5\r\nhello\n0\r\n", 400),
            ("5\r\nhel\r\nlo0\r\n", 400), ("000000005\r\n", 400), ("0\r\nTrailer: a\r\n\r\n", 400), ("0\r\n\n", 400),
            ("FFFFFFFF\r\n", 413), ("100001\r\n", 413),
        ])
    func refused(text: String, status: Int) {
        // One that is refused only with more bytes gets them.
        let probe = Probe(.chunked, text + "xxxx")
        #expect(probe.error?.status == status, "\(text.debugDescription)")
        #expect(Probe(.chunked, text + "xxxx", pieceSize: 1).error?.status == status, "\(text.debugDescription)")
    }

    @Test("The limit is checked on the announcement, and chunks add up")
    func limit() {
        var limits = HTTPLimits()
        limits.bodyByteLimit = 10
        #expect(Probe(.length(11), "", limits: limits).error == .bodyTooLong(byteCount: 11, limit: 10))
        #expect(Probe(.length(10), "0123456789", limits: limits).isComplete)
        #expect(Probe(.chunked, "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", limits: limits).isComplete)
        #expect(Probe(.chunked, "5\r\nhello\r\n6\r\n", limits: limits).error?.status == 413)
    }

    @Test("With any bit flipped a chunked body is an error, waits, or ends, however it is cut")
    func bitFlips() {
        for bit in 0..<Self.chunks.utf8.count * 8 where bit % 8 != 7 {
            var bytes = Array(Self.chunks.utf8)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let text = String(decoding: bytes, as: UTF8.self)
            let (whole, dripped) = (Probe(.chunked, text), Probe(.chunked, text, pieceSize: 1))
            #expect(whole.error == dripped.error && whole.isComplete == dripped.isComplete, "bit \(bit)")
        }
    }
}
