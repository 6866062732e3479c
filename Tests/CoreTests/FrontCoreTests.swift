import Core
import State
import Testing

@Suite("A front and its clients")
struct FrontCoreTests {
    @Test("Each language opens, is let in and hears the state", arguments: [FrontStage.Language.plain, .webSocket])
    func frames(language: FrontStage.Language) {
        var stage = FrontStage()
        let id = stage.join(language)
        #expect(stage[id].kinds == ["welcome", "attachedClient", "section", "mark", "grantedClient"])
        stage.inputs(1...3, on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].kinds.suffix(3) == ["section", "mark", "ackedClient"])
        #expect(stage[id].field("highest", of: "ackedClient") == "3")
    }

    @Test("The text form opens, and hears whole patches, grants and acks")
    func text() {
        var stage = FrontStage()
        let id = stage.join(.text)
        let members = stage[id].texts.map { $0.dropFirst(2).prefix { $0 != "\"" } }
        #expect(members == ["welcome", "attached", "patch", "granted"])
        #expect(stage[id].texts[1] == "{\"attached\":{\"channel\":\"room/1\",\"me\":\"1\"}}")
        #expect(stage[id].texts[2].contains("\"base\":null"))
        let grant = stage[id].texts[3].split(separator: "\"grant\":\"").last?.prefix { $0 != "\"" } ?? ""
        stage.text("{\"input\":{\"grant\":\"\(grant)\",\"seq\":1,\"data\":7}}", on: id)
        stage.text("{\"input\":{\"grant\":\"\(grant)\",\"seq\":2,\"data\":\"x\"}}", on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].texts.last?.contains("\"seq\":2") == true)
        #expect(stage[id].texts.contains { $0.contains("\"last\":\"\\\"x\\\"\"") })
    }

    @Test("A plain request is answered on the listener that clients connect to")
    func http() {
        var stage = FrontStage()
        let id = stage.open()
        stage.send(Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8), on: id)
        #expect(String(decoding: stage[id].raw, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
    }

    /// Says something bad beside a client that is well, and checks that only the sender notices.
    private func expectEnd(
        _ code: CloseCode, _ language: FrontStage.Language, count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation, _ say: (inout FrontStage, ConnectionID) -> Void
    ) {
        var stage = FrontStage()
        let well = stage.join(.plain)
        let id = stage.connect(language)
        say(&stage, id)
        stage.pass(.milliseconds(100))
        let heard = stage[id]
        #expect(heard.isClosed, sourceLocation: sourceLocation)
        switch language {
        case .plain:
            #expect(heard.field("code", of: "bye") == "\(code.rawValue)", sourceLocation: sourceLocation)
        case .webSocket:
            #expect(heard.field("code", of: "bye") == "\(code.rawValue)", sourceLocation: sourceLocation)
            #expect(heard.closeCode == code.rawValue, sourceLocation: sourceLocation)
        case .text:
            #expect(heard.texts.last?.contains("\"code\":\(code.rawValue)") == true, sourceLocation: sourceLocation)
            #expect(heard.closeCode == code.rawValue, sourceLocation: sourceLocation)
        }
        #expect(stage.front.counters.closed[code] == count, sourceLocation: sourceLocation)
        stage.inputs([1], on: well)
        stage.pass(.milliseconds(100))
        #expect(stage[well].field("highest", of: "ackedClient") == "1", sourceLocation: sourceLocation)
        #expect(!stage[well].isClosed, sourceLocation: sourceLocation)
    }

    @Test(
        "Bad frames end their connection with the reason, in either framing",
        arguments: [
            ("over the limit", [0xC4, 0x00, 0x01], CloseCode.tooBig), ("an unknown kind", [1, 0x0F], .protocolError),
            ("a kind that fronts send", [0x18, 0x20] + [UInt8](repeating: 0, count: 23), .protocolError),
            ("a hello cut short", [3, 0x10, 1, 0], .protocolError),
            ("attach 0", [5, 0x10, 0, 0, 0, 0], .protocolError),
            ("a read before hello", [4, 0x12, 0, 0, 0], .protocolError),
            ("a forged token", [6, 0x10, 1, 1, 9, 0, 0], .unproven),
            ("a channel that is not UTF-8", [3, 0x14, 1, 0xFF], .notUTF8),
        ])
    func badFrames(name: String, bytes: [UInt8], code: CloseCode) {
        expectEnd(code, .plain) { $0.frames(bytes, on: $1) }
        expectEnd(code, .plain) { (stage, id) in for byte in bytes { stage.send([byte], on: id) } }
        expectEnd(code, .webSocket) { $0.frames(bytes, on: $1) }
    }

    @Test("A WebSocket that breaks its rules closes with the code that says which")
    func badWebSockets() {
        expectEnd(.protocolError, .webSocket) { $0.send([0x82, 0x02, 1, 2], on: $1) }
        expectEnd(.protocolError, .webSocket) { $0.frames([9, 0x10, 1], on: $1) }
        expectEnd(.protocolError, .webSocket) { $0.text("{}", on: $1) }
        expectEnd(.notUTF8, .text) { $0.webSocket(.text, [0x22, 0xFF, 0x22], on: $1) }
        expectEnd(.protocolError, .text) { $0.webSocket(.binary, [1, 0x06], on: $1) }
        expectEnd(.protocolError, .text) { $0.text("{\"hello\":", on: $1) }
        expectEnd(.protocolError, .text) { $0.text("{\"dance\":{}}", on: $1) }
        expectEnd(.unproven, .text) { $0.text("{\"hello\":{\"attach\":1,\"token\":\"bm8\"}}", on: $1) }
        expectEnd(.tooBig, .text) {
            $0.text("\"" + String(repeating: "a", count: Limits.clientFrameBytes) + "\"", on: $1)
        }
    }

    @Test("A wrong protocol version and a node at the clients' listener are told why")
    func greetings() {
        for (greeting, code) in [
            (Greeting(role: .client, name: "", incarnation: Incarnation(rawValue: 0), nonce: .zero), CloseCode.version),
            (Greeting(role: .front, name: "f", incarnation: Incarnation(rawValue: 1), nonce: .zero), .unproven),
        ] {
            var greeting = greeting
            if code == .version { (greeting.lowestVersion, greeting.highestVersion) = (7, 9) }
            var stage = FrontStage()
            let id = stage.open()
            var writer = ByteWriter(Preface.bytes, capacity: 64)
            writer.frame(.greeting) { greeting.encode(into: &$0) }
            stage.send(writer.bytes, on: id)
            #expect(stage[id].isClosed)
            #expect(
                stage[id].raw.dropFirst(2).starts(with: [UInt8(0x80 | code.rawValue >> 8), UInt8(code.rawValue & 0xFF)])
            )
            #expect(stage.front.counters.closed[code] == 1)
        }
    }

    @Test(
        "A handshake that never finishes ends after 5 s in all, however its bytes drip",
        arguments: ["GET / HTTP/1.1\r\nHost: example.org\r\n", "\u{0}SWB\u{24}\u{1}\u{1}\u{1}\u{1}\u{0}"])
    func slowHandshakes(text: String) {
        var stage = FrontStage()
        let id = stage.open()
        for byte in Array(text.utf8).prefix(6) {
            stage.send([byte], on: id)
            stage.pass(.milliseconds(900))
        }
        #expect(stage[id].isClosed || stage[id].raw.isEmpty)
        stage.pass(.milliseconds(700))
        #expect(stage[id].isClosed)
        #expect(stage.front.counters.closed[.timedOut] == 1)
    }

    @Test("An input out of order is answered with the highest; one of another grant is dropped and counted")
    func inputs() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        stage.inputs([5, 6], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "0")
        stage.frame(.inputs, on: id) {
            $0.u64(UInt64(1))
            $0.num(UInt64(1))
            $0.blob([1])
        }
        stage.pass(.milliseconds(100))
        #expect(stage.front.counters.inputsOfOtherGrant == 1)
        #expect(!stage[id].isClosed)
    }

    @Test("Inputs numbered to the end of all numbers end the connection, not the front")
    func lastNumber() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        let grant = UInt64(stage[id].field("grant", of: "grantedClient") ?? "", radix: 16) ?? 0
        for count in [1, 2] {
            stage.frame(.inputs, on: id) {
                $0.u64(grant)
                $0.num(UInt64.max)
                for _ in 0..<count { $0.blob([1]) }
            }
            #expect(stage[id].isClosed == (count == 2))
        }
        #expect(stage[id].field("code", of: "bye") == "1002")
    }

    @Test(
        "Whatever is wrong with a short frame of inputs ends its connection, in a message as on a plain stream",
        arguments: [
            [], [0, 1, 7], [1, 2, 7], [1, 1, 7, 1], [0x80, 1, 1, 7], [0x80, 0x7F, 1, 7], [0xC0, 0x3F, 0xFF, 1, 7],
            [1, 0x80, 1, 7], [0xF5, 1, 1, 7], [0xC1],
        ] as [[UInt8]])
    func badInputs(body: [UInt8]) {
        for language in [FrontStage.Language.plain, .webSocket] {
            var stage = FrontStage()
            let id = stage.join(language)
            let grant = UInt64(stage[id].field("grant", of: "grantedClient") ?? "", radix: 16) ?? 0
            #expect(grant != 0)
            stage.frame(.inputs, on: id) {
                $0.u64(grant)
                $0.raw(body)
            }
            #expect(stage[id].isClosed, "\(language)")
            #expect(stage[id].field("code", of: "bye") == "1002", "\(language)")
            #expect(stage.front.counters.inputs <= 1)
        }
    }

    @Test(
        "Short inputs in messages arrive as they were sent, whatever their numbers and sizes", arguments: [0, 1, 7, 99])
    func shortInputs(size: Int) {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        let data = String(repeating: "x", count: size)
        for first in stride(from: UInt64(1), to: 301, by: 50) {
            stage.inputs(first..<first + 50, on: id, data)
            stage.pass(.milliseconds(100))
        }
        #expect(stage[id].field("highest", of: "ackedClient") == "300")
        #expect(stage.front.counters.inputBytes == UInt64(300 * size))
    }

    @Test(
        "Goodbye is for good with code 1000 only", arguments: [(CloseCode.done, "left"), (.protocolError, "detached")])
    func byes(code: CloseCode, event: String) {
        var stage = FrontStage()
        let id = stage.join(.plain)
        stage.frame(.bye, on: id) { Bye(Farewell(code, "")).encode(into: &$0) }
        stage.pass(.milliseconds(100))
        #expect(stage[id].isClosed)
        #expect(stage.diary.last?.hasPrefix(event) == true)
    }

    @Test("The text form's bye says the same", arguments: [("{}", "left"), ("{\"code\":1002}", "detached")])
    func textByes(body: String, event: String) {
        var stage = FrontStage()
        let id = stage.join(.text)
        stage.text("{\"bye\":\(body)}", on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].isClosed)
        #expect(stage.diary.last?.hasPrefix(event) == true)
    }

    @Test("A client that asks without end and never reads is ended")
    func neverReads() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        stage.blocked = [id]
        var pings = ByteWriter()
        for _ in 0..<1000 { pings.frame(.ping) { $0.u64(UInt64(1)) } }
        for _ in 0..<200 { stage.send(pings.bytes, on: id) }
        #expect(stage.front.counters.closed[.slow] == 1)
        #expect(stage.diary.contains { $0.hasPrefix("detached") } == false)
        stage.pass(.milliseconds(100))
        #expect(stage.diary.last?.hasPrefix("detached") == true)
        #expect(!stage[id].isClosed, "it may still read why")
        stage.pass(.seconds(12))
        #expect(stage[id].isClosed, "it did not")
    }

    @Test("Everyone holds the back's state, byte for byte, however they came")
    func equality() throws {
        var stage = FrontStage()
        let ids = [stage.join(.plain), stage.join(.webSocket), stage.join(.plain)]
        var dice = Dice(seed: 11)
        stage.blocked = [ids[2]]
        for round in 1...60 as ClosedRange<UInt64> {
            for id in ids where dice.next() % 2 == 0 { stage.inputs([round], on: id) }
            stage.pass(.milliseconds(50))
        }
        stage.blocked = []
        stage.front.drained(ids[2], now: stage.now)
        stage.pump()
        for id in ids {
            #expect(!stage[id].kinds.contains("unreadable"))
            #expect(stage[id].field("version", of: "mark") == "\(stage.back.channelStatus[0].version)")
        }
        let held = stage.front.encodedState(of: try ChannelID("room/1"))
        #expect(held?.patch == stage.back.encodedState(of: "room/1")?.1)
    }

    @Test("A token resumes the session at a higher attach; the older connection is told not to come back")
    func resume() {
        var stage = FrontStage()
        let id = stage.connect(.text)
        stage.text("{\"hello\":{\"attach\":1,\"read\":{\"room/1\":null}}}", on: id)
        stage.pass(.milliseconds(100))
        let token = stage[id].texts[0].split(separator: "\"token\":\"").last?.prefix { $0 != "\"" } ?? ""
        let again = stage.connect(.text)
        stage.text("{\"hello\":{\"attach\":2,\"token\":\"\(token)\",\"read\":{\"room/1\":null}}}", on: again)
        stage.pass(.milliseconds(100))
        #expect(stage[again].texts[0].contains("\"resumed\":true"))
        #expect(stage[id].texts.last?.contains("\"code\":4000") == true)
        #expect(stage[id].isClosed && !stage[again].isClosed)
    }
}

extension FrontStage {
    var diary: [String] {
        (back.processor(of: "room/1") as? Diary)?.lines.map(\.value.text) ?? []
    }
}
