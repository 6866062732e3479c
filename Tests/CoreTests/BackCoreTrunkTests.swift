import Core
import State
import Testing

@Suite("A back's trunks")
struct BackCoreTrunkTests {
    /// What a trunk was told last and what the operator counts; the other trunk goes on.
    private func expectEnd(
        _ code: CloseCode, _ stage: inout BackStage, _ id: TrunkID, other: TrunkID, said: [BackStage.Said]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let last = (said ?? stage.take(id)).farewells.last
        #expect(last == code, sourceLocation: sourceLocation)
        #expect(stage.closed[id]?.code == code, sourceLocation: sourceLocation)
        #expect(stage.core.counters.trunksRefused[code] == 1, sourceLocation: sourceLocation)
        #expect(stage.core.trunkCount == 1, sourceLocation: sourceLocation)
        #expect(stage.closed[other] == nil, sourceLocation: sourceLocation)
        stage.frame(.ping, on: other) { $0.u64(5) }
        #expect(stage.take(other) == [.pong(5)], sourceLocation: sourceLocation)
    }

    @Test("A front that proves the key is told the epoch and the families")
    func accepted() {
        var stage = BackStage(Diary.self)
        let id = stage.connect(1)
        let expected = Accepted(epoch: Epoch(rawValue: 3), families: ["room/*"], options: [])
        #expect(stage.take(id) == [.challenge, .accepted(expected)])
    }

    @Test("A peer that breaks the opening ends with the reason")
    func opening() {
        let wrongKey = ClusterKey(bytes: Array(repeating: 1, count: 32))!
        var stage = BackStage(Diary.self)
        let other = stage.trunk(1)
        // The connector would notice first: it proves nothing to an acceptor of another key. So it is made to answer.
        let stubborn = TrunkID(rawValue: 2)
        stage.open(stubborn)
        let greeting = Greeting(
            role: .front, name: "x", incarnation: Incarnation(rawValue: 1), nonce: Nonce(high: 1, low: 1))
        stage.send(ConnectorHandshake(greeting: greeting, key: wrongKey).opening, on: stubborn)
        stage.frame(.proof, on: stubborn) { $0.raw([UInt8](repeating: 3, count: 32)) }
        expectEnd(.unproven, &stage, stubborn, other: other)

        stage = BackStage(Diary.self)
        let keeper = stage.trunk(1)
        let client = stage.connect(3, role: .client)
        expectEnd(.unproven, &stage, client, other: keeper)

        stage = BackStage(Diary.self)
        let third = stage.trunk(1)
        let modern = stage.connect(4, versions: 2...9)
        expectEnd(.version, &stage, modern, other: third)
    }

    @Test(
        "Bytes that are not the conversation end only their trunk",
        arguments: [
            ("HTTP at this port", Array("GET / HTTP/1.1\r\n".utf8), CloseCode.protocolError),
            ("half a preface and then noise", [0, 0x53, 0xFF], .protocolError),
            ("a frame over the limit", [0, 0x53, 0x57, 0x42, 0xF0, 0x7F, 0xFF, 0xFF, 0xFF], .tooBig),
            ("an unknown kind", [0, 0x53, 0x57, 0x42, 1, 0x0F], .protocolError),
            ("an empty frame", [0, 0x53, 0x57, 0x42, 0], .protocolError),
            ("a truncated greeting", [0, 0x53, 0x57, 0x42, 3, 1, 1, 1], .protocolError),
            ("a link before the greeting", [0, 0x53, 0x57, 0x42, 4, 0x40, 1, 0, 0], .protocolError),
            ("an overlong length", [0, 0x53, 0x57, 0x42, 0x80, 0x01, 1], .protocolError),
        ])
    func noise(name: String, bytes: [UInt8], code: CloseCode) {
        for dripped in [false, true] {
            var stage = BackStage(Diary.self)
            let other = stage.trunk(1)
            let id = TrunkID(rawValue: 2)
            stage.open(id)
            if dripped { for byte in bytes { stage.send([byte], on: id) } } else { stage.send(bytes, on: id) }
            expectEnd(code, &stage, id, other: other)
        }
    }

    @Test(
        "An open trunk ends for a frame that breaks the rules, and only it",
        arguments: [
            ("an unknown kind", [1, 0x0F], CloseCode.protocolError),
            ("a kind that only backs send", [4, 0x51, 1, 0, 0], .protocolError),
            ("a truncated attach", [3, 0x42, 1, 1], .protocolError),
            ("left-over bytes", [3, 0x41, 1, 9], .protocolError),
            ("an input cut short", [5, 0x44, 1, 1, 1, 9], .protocolError),
            ("a channel id that is not UTF-8", [5, 0x40, 1, 1, 0xFF, 0], .notUTF8),
            ("a frame over the limit", [0xEF, 0, 0, 0], .tooBig),
            ("a flag of 2", [4, 0x45, 1, 1, 2], .protocolError),
            ("a detach for no reason", [4, 0x43, 1, 1, 9], .protocolError),
            ("its goodbye", [5, 0x05, 0x83, 0xE9, 0, 0], .done),
        ])
    func openTrunk(name: String, bytes: [UInt8], code: CloseCode) {
        for dripped in [false, true] {
            var stage = BackStage(Diary.self)
            let other = stage.trunk(1)
            let id = stage.trunk(2)
            if dripped { for byte in bytes { stage.send([byte], on: id) } } else { stage.send(bytes, on: id) }
            expectEnd(code, &stage, id, other: other)
        }
    }

    @Test("An input over its limit ends the trunk; one at the limit is taken")
    func inputLimit() {
        var stage = BackStage(Diary.self)
        let other = stage.trunk(1)
        let id = stage.trunk(2)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.inputs([1], of: 1, on: id) { _ in String(repeating: "a", count: Limits.inputBytes) }
        stage.tick()
        #expect(stage.sum(1) == 1)
        stage.inputs([2], of: 1, on: id) { _ in String(repeating: "a", count: Limits.inputBytes + 1) }
        expectEnd(.tooBig, &stage, id, other: other)
    }

    @Test(
        "A link number that was used ends the trunk, also when the link was refused or is over", arguments: [0, 1, 2])
    func linkAgain(how: Int) {
        var stage = BackStage(Diary.self)
        let other = stage.trunk(1)
        let id = stage.trunk(2)
        switch how {
        case 0: stage.link(5, "room/1", on: id)
        case 1: stage.link(5, "nowhere/1", on: id)
        default:
            stage.link(5, "room/1", on: id)
            stage.frame(.unlink, on: id) { $0.num(UInt64(5)) }
        }
        stage.tick()
        stage.link(5, "room/2", on: id)
        expectEnd(.duplicate, &stage, id, other: other)
    }

    @Test("A handshake that never finishes is given up after 5 s in all, however its bytes drip")
    func slowHandshake() {
        var stage = BackStage(Diary.self)
        let id = TrunkID(rawValue: 2)
        stage.open(id)
        for byte in [0, 0x53, 0x57, 0x42] as [UInt8] {
            stage.pass(.milliseconds(1200))
            stage.send([byte], on: id)
        }
        #expect(stage.closed[id] == nil)
        stage.pass(.milliseconds(300))
        #expect(stage.closed[id]?.code == .timedOut)
        #expect(stage.take(id).farewells == [.timedOut])
        #expect(stage.core.counters.trunksRefused[.timedOut] == 1)
    }

    @Test("A channel that no family matches, or that is no id, is refused; the trunk goes on")
    func unknownChannels() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        for (place, channel) in ["nowhere/1", "room", "rooms/1", "room//1", "", "room/\n"].enumerated() {
            stage.link(UInt64(place + 1), channel, on: id)
            #expect(stage.take(id).farewells == [.unknownChannel], "\(channel)")
        }
        #expect(stage.core.counters.linksRefused == 6)
        #expect(stage.core.trunkCount == 1)
    }

    @Test("Frames about links that are not there are nothing to end a trunk for")
    func lateFrames() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.tick()
        stage.frame(.unlink, on: id) { $0.num(UInt64(1)) }
        stage.attach(1, as: 1, on: id)
        stage.inputs(1...3, of: 1, on: id)
        stage.detach(1, on: id)
        stage.want(1, true, on: id)
        stage.tick()
        #expect(stage.core.trunkCount == 1)
        #expect(stage.diary() == ["linked front-1", "unlinked front-1"])
    }
}
