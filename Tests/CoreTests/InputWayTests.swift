import Testing
import Core
import State

/// Where a client's inputs go is kept from one read to the next. Whatever changes it has to be seen by the very next input.
@Suite struct InputWayTests {
    enum Change: CaseIterable {
        case stopsReading, readsAgain, isDismissed, isRevoked, trunkBreaks
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
        #expect(stage[id].field("highest", of: "ackedClient") == "2")
        let (link, member) = (LinkNumber(rawValue: 1), MemberNumber(rawValue: 1))
        switch change {
        case .stopsReading: stage.frame(.unread, on: id) { $0.text("room/1") }
        case .readsAgain: stage.frame(.read, on: id) { Read(channel: "room/1").encode(into: &$0) }
        case .isDismissed:
            let dismissed = Dismissed(link: link, member: member, farewell: Farewell(.refused, "go"))
            stage.backSays(.dismissed) { dismissed.encode(into: &$0) }
        case .isRevoked:
            let text = stage[id].field("grant", of: "grantedClient") ?? ""
            let grant = GrantID(rawValue: UInt64(text, radix: 16) ?? 0)
            let revoked = Revoked(link: link, member: member, grant: grant, highest: InputNumber(rawValue: 2))
            stage.backSays(.revoked) { revoked.encode(into: &$0) }
        case .trunkBreaks: stage.breakTrunk()
        }
        let applied = stage.back.counters.inputsApplied
        stage.inputs([3], on: id)
        stage.pass(.milliseconds(300))
        #expect(stage.back.counters.inputsWithoutMember == 0)
        // Who reads again has another place and the same grant.
        let counts = change == .readsAgain
        #expect(stage.front.counters.inputsOfOtherGrant == (counts ? 0 : 1))
        #expect(stage.back.counters.inputsApplied == applied + (counts ? 1 : 0))
    }
}
