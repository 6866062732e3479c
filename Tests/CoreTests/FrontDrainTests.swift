import Core
import Testing

@Suite("A front that is drained") struct FrontDrainTests {
    @Test(
        "Clients are told 1012 one after the other, at least every 50 ms and within three quarters of the time",
        arguments: [(clients: 4, milliseconds: 30_000, pace: 50), (40, 1000, 18), (1, 1000, 50)])
    func pace(clients: Int, milliseconds: Int, pace: Int) {
        var stage = FrontStage()
        let ids = (0..<clients).map { stage.join($0.isMultiple(of: 2) ? .webSocket : .text, attach: UInt64($0 + 1)) }
        func toldCount() -> Int { ids.count { stage[$0].closeCode == 1012 } }
        stage.front.drain(within: .milliseconds(milliseconds), now: stage.now)
        stage.pump()
        var told = [toldCount()]
        for _ in 1..<clients {
            stage.pass(.milliseconds(pace + 1))
            told.append(toldCount())
        }
        #expect(told.first == 1, "the first goes at once")
        #expect(told.last == clients)
        #expect(zip(told, told.dropFirst()).allSatisfy { $1 - $0 <= 2 }, "\(told)")
        #expect(stage.front.drain?.isDone == true)
        #expect(stage.front.drain?.movedCount == clients)
        #expect(stage.front.drain?.cutOffCount == 0)
        #expect(stage.front.counters.closed[.moved] == UInt64(clients))
    }

    @Test("What a client said before it is told to go reaches its back; it resumes where it was")
    func nothingIsLost() {
        var stage = FrontStage()
        let client = stage.join(.webSocket)
        stage.inputs(1...3, on: client)
        stage.front.drain(within: .seconds(1), now: stage.now)
        stage.pump()
        #expect(stage[client].closeCode == 1012)
        stage.pass(.milliseconds(100))
        #expect(stage.back.counters.inputsApplied == 3)
        #expect(stage.back.channelStatus.first?.sessionCount == 1, "detached, not gone")
    }

    @Test("No connection is taken any more, and those that proved nothing go too")
    func takesNobody() {
        var stage = FrontStage()
        let stranger = stage.open()
        stage.front.drain(within: .seconds(1), now: stage.now)
        stage.pump()
        #expect(stage[stranger].isClosed)
        #expect(stage.front.drain?.isDone == true)
        #expect(stage.front.drain?.movedCount == 0, "it was no session")
        _ = stage.open()
        #expect(stage.front.connectionCount == 0)
    }

    @Test("Who cannot be written to is cut off at the deadline, and counted")
    func deadline() {
        var stage = FrontStage()
        let stuck = stage.join(.webSocket)
        stage.blocked.insert(stuck)
        stage.front.drain(within: .seconds(2), now: stage.now)
        stage.pump()
        stage.pass(.milliseconds(1900))
        #expect(stage.front.drain?.isDone == false)
        stage.pass(.milliseconds(200))
        #expect(stage.front.drain?.isDone == true)
        #expect(stage.front.drain?.cutOffCount == 1)
    }
}
