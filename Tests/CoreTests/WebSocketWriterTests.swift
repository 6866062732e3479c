import Core
import State
import Testing

@Suite("WebSocket writer")
struct WebSocketWriterTests {
    @Test(
        "A header has the shortest form and is read back",
        arguments: [(0, 2), (1, 2), (125, 2), (126, 4), (65535, 4), (65536, 10), (200_000, 10)])
    func headers(payloadByteCount: Int, headerByteCount: Int) {
        let payload = (0..<payloadByteCount).map { UInt8(truncatingIfNeeded: $0) }
        var out = ByteWriter()
        WebSocketWriter.header(.binary, payloadByteCount: payloadByteCount, to: &out)
        #expect(out.count == headerByteCount)
        #expect(WebSocketWriter.headerByteCount(for: payloadByteCount) == headerByteCount)
        out.raw(payload)
        #expect(WebSocketProbe(out.bytes).said == [.binary(payload)])
    }

    @Test("What a client masks a server reads", arguments: [0, 1, 3, 4, 7, 8, 9, 31, 126, 70_000])
    func masked(byteCount: Int) {
        let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var out = ByteWriter()
        payload.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: 0x89AB_CDEF, to: &out) }
        WebSocketWriter.maskedClose(4008, reason: "slow", key: 0x0000_00FF, to: &out)
        for size in [1, 5, Int.max] {
            let probe = WebSocketProbe(out.bytes, pieceSize: size, role: .server)
            #expect(probe.said == [.binary(payload), .close(4008, "slow")])
        }
    }

    @Test("Control frames are written and read back")
    func controls() {
        var out = ByteWriter()
        [1, 2].withUnsafeBytes { WebSocketWriter.ping(UnsafeRawBufferPointer(rebasing: $0[..<1]), to: &out) }
        [UInt8](repeating: 3, count: 200).withUnsafeBytes { WebSocketWriter.pong($0, to: &out) }
        WebSocketWriter.close(nil, to: &out)
        let said = WebSocketProbe(out.bytes).said
        #expect(said == [.ping([1]), .pong(Array(repeating: 3, count: 125)), .close(nil, "")])
    }

    @Test(
        "A close reason is cut at 123 bytes, between characters",
        arguments: [
            (String(repeating: "a", count: 123), 123), (String(repeating: "a", count: 124), 123),
            (String(repeating: "€", count: 41), 123), (String(repeating: "€", count: 42), 123),
            ("a" + String(repeating: "€", count: 41), 121), (String(repeating: "😀", count: 40), 120), ("", 0),
        ])
    func reasons(reason: String, byteCount: Int) {
        var out = ByteWriter()
        WebSocketWriter.close(1002, reason: reason, to: &out)
        #expect(out.count == 4 + byteCount)
        #expect(
            WebSocketProbe(out.bytes).said == [
                .close(1002, String(decoding: reason.utf8.prefix(byteCount), as: UTF8.self))
            ])
    }
}
