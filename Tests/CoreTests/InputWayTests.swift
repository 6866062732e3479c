import Testing
import Core
import State

/// Where a client's inputs go is kept from one read to the next. Whatever changes it has to be seen by the very next input.
@Suite struct InputWayTests {
    enum Change: CaseIterable {
        case stopsReading, readsAgain, givesTheGrantBack, writesElsewhere, resumesElsewhere, trunkBreaks
    }

    @Test(
        "Inputs in one read after the other go to the back in order, cut where it may be, with other things between them"
    )
    func together() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.inputs(1...3, on: id)
        var message = ByteWriter()
        let grant = UInt64(stage[id].field("grant", of: "grantedClient") ?? "", radix: 16) ?? 0
        message.frame(.inputs) {
            $0.u64(grant)
            $0.num(UInt64(4))
            $0.blob([1])
        }
        var masked = ByteWriter()
        message.bytes.withUnsafeBytes { WebSocketWriter.masked(.binary, $0, key: 7, to: &masked) }
        for byte in masked.bytes { stage.send([byte], on: id) }
        stage.webSocket(.ping, [1], on: id)
        stage.inputs(5...9, on: id)
        stage.frame(.inputs, on: id) {
            $0.u64(grant)
            $0.num(UInt64(10))
            $0.blob([1])
            $0.blob([2])
        }
        stage.inputs([12], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "12")
        #expect(stage.front.counters.inputs == 12)
        #expect(stage.front.counters.inputsOfOtherGrant == 0)
    }

    @Test(
        "An input behind a change of its grant, its place or its link goes nowhere as before",
        arguments: Change.allCases)
    func changed(_ change: Change) {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.inputs(1...2, on: id)
        stage.pass(.milliseconds(100))
        let old = stage[id].field("grant", of: "grantedClient")
        #expect(stage[id].field("highest", of: "ackedClient") == "2")
        switch change {
        case .stopsReading: stage.frame(.unread, on: id) { $0.text("room/1") }
        case .readsAgain: stage.frame(.read, on: id) { Read(channel: "room/1").encode(into: &$0) }
        case .givesTheGrantBack: stage.frame(.write, on: id) { $0.text("") }
        case .writesElsewhere: stage.frame(.write, on: id) { $0.text("room/2") }
        case .resumesElsewhere:
            let token = stage[id].field("token", of: "welcome").map(Self.bytes) ?? []
            _ = stage.join(.webSocket, attach: 2, token: token)
        case .trunkBreaks: stage.breakTrunk()
        }
        let applied = stage.back.counters.inputsApplied
        // The very next one of a client that reads again counts: its grant is the same.
        stage.inputs([3], on: id)
        stage.pass(.milliseconds(300))
        let counts = stage.back.counters
        switch change {
        case .readsAgain: #expect(counts.inputsApplied == applied + 1 && counts.inputsWithoutMember == 0)
        case .givesTheGrantBack, .writesElsewhere:
            // Said before the channel has confirmed: it may still count, once.
            #expect(counts.inputsApplied <= applied + 1 && counts.inputsWithoutMember == 0)
        case .stopsReading, .resumesElsewhere, .trunkBreaks:
            #expect(
                counts.inputsApplied == applied && counts.inputsWithoutMember == 0 && counts.inputsWithoutGrant == 0)
        }
        if change == .writesElsewhere || change == .trunkBreaks {
            #expect(stage[id].field("grant", of: "grantedClient") != nil && old != nil)
            let before = counts.inputsApplied
            stage.inputs([1, 2, 3, 4], on: id)
            stage.pass(.milliseconds(300))
            #expect(stage.back.counters.inputsApplied > before, "the new grant is written with")
        }
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }
}
