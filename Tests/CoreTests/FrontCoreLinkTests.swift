import Core
import State
import Testing

@Suite("A front and its backs")
struct FrontCoreLinkTests {
    @Test("A broken trunk is made anew; clients stay, and go on where they were")
    func brokenTrunk() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        stage.inputs(1...2, on: id)
        stage.pass(.milliseconds(100))
        let grant = stage[id].field("grant", of: "grantedClient")
        stage.clear(id)
        stage.breakTrunk()
        stage.inputs([3], on: id)
        stage.pass(.seconds(3))
        #expect(!stage[id].isClosed)
        #expect(stage[id].field("kept", of: "attachedClient") == "[0]")
        #expect(stage[id].field("grant", of: "grantedClient") == grant)
        #expect(stage[id].field("highest", of: "grantedClient") == "2")
        stage.inputs([3], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "3")
        #expect(stage.front.counters.trunksLost == 1)
    }

    @Test(
        "C18: the first input after a quiet time leaves at once; those behind it leave as one batch an interval later")
    func flushing() throws {
        var stage = FrontStage()
        let (ann, ben) = (stage.join(.plain), stage.join(.webSocket))
        let batches = stage.front.counters.batches
        stage.inputs([1], on: ann)
        #expect(stage.front.nextDeadline == stage.now, "nobody came for so long that nobody is waited for")
        let sent = stage.now
        stage.pass(.zero)
        #expect(stage.front.counters.batches == batches + 1)
        stage.inputs(2...3, on: ann)
        stage.inputs(1...2, on: ben)
        #expect(stage.front.counters.inputs == 5)
        #expect(stage.front.counters.batches == batches + 1, "nothing leaves before the interval is over")
        let due = try #require(stage.front.nextDeadline)
        #expect(due == sent + stage.front.settings.flushInterval)
        stage.pass(.milliseconds(100))
        #expect(stage.front.counters.batches == batches + 2, "all of it leaves in one frame")
        #expect(stage[ann].field("highest", of: "ackedClient") == "3")
        #expect(stage[ben].field("highest", of: "ackedClient") == "2")
    }

    @Test("A channel that nobody serves is answered; the rest goes on")
    func unknownChannels() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        for channel in ["nowhere", "a//b"] {
            stage.frame(.read, on: id) { Read(channel: channel).encode(into: &$0) }
            #expect(stage[id].field("code", of: "unlinkedClient") == "\(CloseCode.unknownChannel.rawValue)")
        }
        stage.inputs([1], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "1")
    }

    @Test("A message to everyone reaches who was let in, not who is at the door")
    func messagesAtTheDoor() {
        var stage = FrontStage(Doorkeeper.self)
        let inside = stage.join(.plain)
        let outside = stage.connect(.plain)
        stage.frame(.hello, on: outside) {
            Hello(
                attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "room/1", options: [9])], write: ""
            )
            .encode(into: &$0)
        }
        stage.inputs([1], on: inside)
        stage.pass(.milliseconds(100))
        #expect(stage[inside].kinds.contains("message"))
        #expect(!stage[outside].kinds.contains("message"))
        #expect(stage[outside].kinds.last == "unlinkedClient")
    }

    @Test("Moving the right to write: the new channel grants when the old one has decided everything")
    func movingTheGrant() {
        var stage = FrontStage()
        let id = stage.join(.plain)
        stage.inputs(1...100, on: id)
        stage.frame(.write, on: id) { $0.text("room/2") }
        stage.pass(.milliseconds(300))
        let kinds = stage[id].kinds
        #expect(kinds.filter { $0 == "grantedClient" }.count == 2)
        #expect(stage[id].field("highest", of: "ackedClient") == "100")
        #expect(stage[id].field("channel", of: "grantedClient") == "\"room/2\"")
        #expect(kinds.lastIndex(of: "ackedClient") ?? 99 < kinds.lastIndex(of: "grantedClient") ?? 0)
        stage.inputs([1], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "1")
    }
}

/// Tells everyone something at each tick, and lets nobody in who comes with options.
private struct Doorkeeper: Processor {
    init(_ state: inout State) {}
    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request) where !request.options.isEmpty: tick.refuse(request, "no bags")
            case .input: tick.sendToAll([1])
            default: break
            }
        }
    }
}
