import Core
import Testing

@Suite("WebSocket reader")
struct WebSocketReaderTests {
    typealias Said = WebSocketProbe.Said

    @Test(
        "RFC 6455's own examples are read",
        arguments: [
            ("81 05 48 65 6c 6c 6f", WebSocketRole.client, Said.text(Array("Hello".utf8))),
            ("81 85 37 fa 21 3d 7f 9f 4d 51 58", .server, .text(Array("Hello".utf8))),
            ("01 03 48 65 6c 80 02 6c 6f", .client, .text(Array("Hello".utf8))),
            ("89 05 48 65 6c 6c 6f", .client, .ping(Array("Hello".utf8))),
            ("8a 85 37 fa 21 3d 7f 9f 4d 51 58", .server, .pong(Array("Hello".utf8))),
            ("82 7e 01 00" + String(repeating: "2a", count: 256), .client, .binary(Array(repeating: 42, count: 256))),
            (
                "82 7f 00 00 00 00 00 01 00 00" + String(repeating: "2a", count: 65536), .client,
                .binary(Array(repeating: 42, count: 65536))
            ),
        ])
    func examples(hex: String, role: WebSocketRole, said: Said) {
        let probe = WebSocketProbe(WebSocketProbe.hex(hex), role: role)
        #expect(probe.said == [said])
        #expect(probe.error == nil)
    }

    @Test(
        "Frames that break RFC 6455 end the connection as soon as it shows",
        arguments: [
            ("an unmasked frame at the server", "81 05", WebSocketRole.server, 1002),
            ("a masked frame at the client", "81 85", .client, 1002),
            ("reserved bit 1", "C1", .client, 1002), ("reserved bit 2", "A1", .client, 1002),
            ("reserved bit 3", "91", .client, 1002),
            ("opcode 3", "83", .client, 1002), ("opcode 7", "87", .client, 1002), ("opcode 11", "8B", .client, 1002),
            ("opcode 15", "8F", .client, 1002),
            ("a fragmented ping", "09", .client, 1002), ("a fragmented close", "08", .client, 1002),
            ("a ping of 126 bytes", "89 7E", .client, 1002), ("a close with a 64-bit length", "88 7F", .client, 1002),
            ("125 written in two bytes", "82 7E 00 7D", .client, 1002),
            ("65535 written in eight bytes", "82 7F 00 00 00 00 00 00 FF FF", .client, 1002),
            ("a length with its top bit set", "82 7F 80 00 00 00 00 00 00 00", .client, 1002),
            ("a continuation first", "80 00", .client, 1002), ("an open continuation first", "00 01", .client, 1002),
            ("a text inside a text", "01 01 61 81 01 62", .client, 1002),
            ("a binary inside a text", "01 01 61 02 01 62", .client, 1002),
            ("a continuation after the end", "01 01 61 80 01 62 80 01 63", .client, 1002),
            ("a close of one byte", "88 01 03", .client, 1002),
            ("a reason that is not UTF-8", "88 03 03 E8 FF", .client, 1007),
            ("a reason with a cut character", "88 04 03 E8 E2 82", .client, 1007),
            ("a text that is not UTF-8", "81 02 C0 80", .client, 1007),
            ("a text with a surrogate", "81 03 ED A0 80", .client, 1007),
            ("a text with a cut character", "81 02 E2 82", .client, 1007),
            ("a fragmented text with a cut character", "01 01 E2 80 01 82", .client, 1007),
            ("a bad byte in a fragment that is not complete", "01 7D 61 FF", .client, 1007),
            ("a bad byte in a frame that is not complete", "81 7D 61 62 F5", .client, 1007),
            ("one byte over the limit", "82 7F 00 00 00 00 00 04 00 01", .client, 1009),
            ("the longest length there is", "82 7F 7F FF FF FF FF FF FF FF", .client, 1009),
        ])
    func refusals(what: String, hex: String, role: WebSocketRole, code: UInt16) {
        let bytes = WebSocketProbe.hex(hex)
        for size in [1, Int.max] {
            let probe = WebSocketProbe(bytes, pieceSize: size, role: role)
            #expect(probe.error?.closeCode == code, "\(what): \(String(describing: probe.error?.reason))")
            #expect(probe.error?.reason.isEmpty == false)
        }
    }

    @Test("Only the close codes that may travel are taken")
    func closeCodes() {
        let good: [ClosedRange<UInt16>] = [1000...1003, 1007...1014, 3000...4999]
        for code in Array(0...5100) + [9999, 32768, 65535] as [UInt16] {
            let probe = WebSocketProbe([0x88, 2, UInt8(code >> 8), UInt8(code & 255)])
            let isGood = good.contains { $0.contains(code) }
            let isTaken = probe.said == [.close(code, "")] && probe.error == nil
            let isRefused = probe.said.isEmpty && probe.error?.closeCode == 1002
            if isGood ? !isTaken : !isRefused { Issue.record("code \(code)") }
        }
        #expect(WebSocketProbe([0x88, 0]).said == [.close(nil, "")])
    }

    @Test("A text cut at any byte, with a ping in the cut, arrives whole")
    func textFragments() {
        let text = Array("κόσμε € 😀 \u{10FFFF}".utf8)
        for cut in 0...text.count {
            let bytes =
                WebSocketProbe.frame(1, Array(text[..<cut]), final: 0) + WebSocketProbe.frame(9, [7])
                + WebSocketProbe.frame(0, Array(text[cut...]))
            #expect(WebSocketProbe(bytes).said == [.ping([7]), .text(text)], "cut at \(cut)")
        }
        let single = [WebSocketProbe.frame(1, [], final: 0)] + text.map { WebSocketProbe.frame(0, [$0], final: 0) }
        let bytes = single.flatMap { $0 } + WebSocketProbe.frame(0, [])
        #expect(WebSocketProbe(bytes).said == [.text(text)])
    }

    @Test("After a close nothing more is read, and after an error the same error comes again")
    func finality() {
        var reader = WebSocketReader(role: .client, messageLimit: 100)
        var bytes: [UInt8] = [0x88, 0, 0xFF, 0xFF]
        bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            #expect(throws: Never.self) {
                guard case .close(nil, "") = try reader.next(in: buffer, from: &offset) else {
                    Issue.record("no close")
                    return
                }
                #expect(try reader.next(in: buffer, from: &offset) == nil)
            }
            #expect(offset == 4)
            var failing = WebSocketReader(role: .server, messageLimit: 100)
            for _ in 1...2 {
                offset = 0
                #expect(throws: WebSocketError.protocolBroken("a frame is not masked")) {
                    _ = try failing.next(in: buffer, from: &offset)
                }
            }
        }
    }

    @Test("The limit counts all fragments, and the exact limit passes")
    func messageLimit() {
        let exact = WebSocketProbe.frame(2, Array(repeating: 1, count: 60), final: 0)
        #expect(
            WebSocketProbe(exact + WebSocketProbe.frame(0, Array(repeating: 1, count: 40)), limit: 100).said.count == 1)
        let over = WebSocketProbe(exact + [0x80, 41], limit: 100)
        #expect(over.error == .messageTooLong(byteCount: 101, limit: 100))
        #expect(over.error?.reason == "a message of 101 bytes, the limit is 100")
    }

    @Test("Memory follows the bytes that arrived, never the announced length")
    func memory() {
        let limit = 1 << 30
        let announced = WebSocketProbe.hex("82 7F 00 00 00 00 3F FF FF FF") + Array(repeating: 1, count: 1000)
        let one = WebSocketProbe(announced, pieceSize: 100, limit: limit)
        #expect(one.error == nil)
        #expect(one.heldMaximum <= 2000)
        let header = WebSocketProbe(Array(announced[..<10]), limit: limit)
        #expect(header.heldMaximum == 0)
        let complete = WebSocketProbe(
            WebSocketProbe.frame(2, Array(repeating: 1, count: 5000)) + [0x89], pieceSize: 1000)
        #expect(complete.said.count == 1)
        let rest = WebSocketProbe(
            WebSocketProbe.frame(2, Array(repeating: 1, count: 5000)) + WebSocketProbe.frame(2, [1]),
            cuts: [3000, 5004])
        #expect(rest.said.count == 2)
        #expect(rest.heldMaximum <= 6000 && rest.heldAtEnd == 0)
    }

    @Test("A whole frame is handed out where it lies")
    func inPlace() {
        var bytes = WebSocketProbe.frame(2, Array(1...200), key: 0x1234_5678)
        bytes.withUnsafeMutableBytes { buffer in
            var reader = WebSocketReader(role: .server, messageLimit: 1000)
            var offset = 0
            #expect(throws: Never.self) {
                guard case .message(.binary, let payload) = try reader.next(in: buffer, from: &offset) else {
                    Issue.record("no message")
                    return
                }
                #expect(payload.baseAddress == UnsafeRawPointer(buffer.baseAddress).map { $0 + 8 })
            }
            #expect(reader.heldByteCount == 0)
        }
    }
}
