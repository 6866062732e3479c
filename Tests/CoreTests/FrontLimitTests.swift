import Core
import State
import Testing

/// PROTOCOL's limits of a front that take minutes, or megabytes: with a clock and kernels of their own.
@Suite("A front at its limits") struct FrontLimitTests {
    private static func isAsked(_ stage: FrontStage, _ id: ConnectionID) -> Bool {
        stage[id].pingCount > 0 || stage[id].kinds.contains("ping")
    }

    private static func answer(_ stage: inout FrontStage, _ id: ConnectionID, _ language: FrontStage.Language) {
        if language == .plain {
            stage.frame(.pong, on: id) { $0.u64(0) }
        } else {
            stage.webSocket(.pong, [0, 0, 0, 0, 0, 0, 0, 0], on: id)
        }
    }

    @Test(
        "A client that is silent for 20 s is asked; who does not answer within 10 s is closed with 4006 and counted, who answers stays",
        arguments: [FrontStage.Language.plain, .webSocket, .text])
    func ping(language: FrontStage.Language) {
        var stage = FrontStage()
        let (here, gone) = (stage.join(language), stage.join(language))
        stage.pass(.seconds(19))
        #expect(!Self.isAsked(stage, here) && !Self.isAsked(stage, gone))
        stage.pass(.seconds(2))
        #expect(Self.isAsked(stage, here) && Self.isAsked(stage, gone))
        stage.pass(.seconds(8))
        #expect(!stage[gone].isClosed, "there is time left")
        Self.answer(&stage, here, language)
        stage.pass(.seconds(4))
        #expect(stage[gone].isClosed && !stage[here].isClosed)
        #expect(stage.front.counters.closed == [.timedOut: 1])
        if language == .plain {
            #expect(stage[gone].field("code", of: "bye") == "4006")
        } else {
            #expect(stage[gone].closeCode == 4006)
        }
        #expect(stage.diary.contains { $0.hasPrefix("detached") }, "its session waits")
    }

    @Test("How long silence may last is a setting, and half of it is the time to answer")
    func pingPeriod() {
        var stage = FrontStage { $0.pingPeriod = .seconds(4) }
        let id = stage.join(.plain)
        stage.pass(.seconds(3))
        #expect(!Self.isAsked(stage, id))
        stage.pass(.seconds(2))
        #expect(Self.isAsked(stage, id) && !stage[id].isClosed)
        stage.pass(.seconds(3))
        #expect(stage[id].isClosed)
    }

    @Test(
        "A client that takes nothing owes no answer to pings; after 120 s without a byte taken it is closed and counted as slow"
    )
    func slow() {
        var stage = FrontStage()
        let (writer, slow) = (stage.join(.webSocket), stage.join(.webSocket))
        stage.blocked = [slow]
        stage.inputs([1], on: writer)
        stage.pass(.milliseconds(100))
        for second in 0..<600 {
            stage.pass(.seconds(1))
            Self.answer(&stage, writer, .webSocket)
            // It reads now and then, if only a byte.
            if second.isMultiple(of: 110) { stage.front.progressed(slow, now: stage.now) }
        }
        #expect(!stage[slow].isClosed && stage.front.counters.closed.isEmpty, "a slow reader is not a lost one")
        for _ in 0..<80 {
            stage.pass(.seconds(1))
            Self.answer(&stage, writer, .webSocket)
        }
        #expect(stage[slow].isClosed)
        #expect(stage.front.counters.closed == [.slow: 1])
        #expect(!stage[writer].isClosed)
        #expect(stage.diary.last?.hasPrefix("detached") == true, "its session waits")
    }

    @Test("A client that is not read because its link is full owes no answer to pings")
    func stalledPing() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.trunkUnsent(Limits.trunkInputBytes)
        fill(&stage, id)
        #expect(stage.paused == [id])
        stage.pass(.seconds(60))
        #expect(Self.isAsked(stage, id) && !stage[id].isClosed)
        stage.trunkUnsent(0)
        #expect(stage.paused.isEmpty)
    }

    /// Inputs of more than a window, in one go.
    private func fill(_ stage: inout FrontStage, _ id: ConnectionID) {
        stage.inputs(1...5, on: id, String(repeating: "1", count: 60 << 10))
    }

    @Test(
        "A trunk that holds 24 MiB takes no inputs: who fills it is not read and counted, messages and others go on, and nothing is lost"
    )
    func fullTrunk() {
        var stage = FrontStage()
        let (writer, other) = (stage.join(.webSocket), stage.join(.webSocket))
        stage.trunkUnsent(Limits.trunkInputBytes - 1024)
        stage.inputs([1], on: writer, "1")
        stage.pass(.milliseconds(100))
        #expect(stage.back.counters.inputsApplied == 1, "there is room yet")
        stage.trunkUnsent(Limits.trunkInputBytes)
        stage.inputs([1], on: other, "1")
        stage.inputs(2...6, on: writer, String(repeating: "1", count: 60 << 10))
        stage.pass(.seconds(1))
        #expect(stage.back.counters.inputsApplied == 1)
        #expect(stage.paused == [writer], "the other has filled nothing")
        #expect(stage.front.counters.trunkStalls == 1 && stage.front.counters.creditStalls == 0)
        stage.trunkUnsent(0)
        stage.pass(.milliseconds(100))
        #expect(stage.paused.isEmpty)
        #expect(stage.back.counters.inputsApplied == 7)
        #expect(stage.back.counters.inputsOutOfOrder == 0)
        #expect(stage.front.counters.trunksLost == 0 && stage.trunksGivenUp == 0)
    }

    @Test(
        "More inputs than a frame may hold, of many clients who stood still, leave in several, each decided once and in order"
    )
    func severalFrames() {
        var stage = FrontStage()
        let writers = (0..<32).map { _ in stage.join(.webSocket) }
        stage.trunkUnsent(Limits.trunkInputBytes)
        for writer in writers { fill(&stage, writer) }
        stage.pass(.milliseconds(100))
        #expect(stage.paused == Set(writers) && stage.back.counters.inputsApplied == 0)
        #expect(32 * 5 * 60 << 10 > Limits.nodeFrameBytes)
        stage.trunkUnsent(0)
        stage.pass(.seconds(2))
        #expect(stage.front.counters.trunksLost == 0 && stage.paused.isEmpty)
        #expect(stage.back.counters.inputsApplied == 32 * 5)
        #expect(stage.back.counters.inputsOutOfOrder == 0 && stage.back.counters.inputsRepeated == 0)
    }

    @Test(
        "What one link's last batch leaves no room for goes when there is room again, also if the kernel took it all at once"
    )
    func lastBatch() {
        var stage = FrontStage()
        let first = stage.join(.webSocket)
        let second = stage.connect(.webSocket)
        let hello = Hello(
            attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "room/2")], write: "room/2")
        stage.frame(.hello, on: second) { hello.encode(into: &$0) }
        stage.pass(.milliseconds(100))
        stage.inputs([1], on: first)
        stage.trunkUnsent(Limits.trunkInputBytes - 1024)
        stage.inputs([2], on: first, String(repeating: "1", count: 60 << 10))
        stage.inputs([1], on: second)
        stage.pass(.milliseconds(100))
        #expect(stage.back.counters.inputsApplied == 2, "the second link's wait")
        stage.trunkUnsent(0)
        stage.pass(.milliseconds(100))
        #expect(stage.back.counters.inputsApplied == 3)
    }

    @Test("A trunk that breaks while it is full lets those who filled it be read again")
    func fullTrunkBreaks() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.trunkUnsent(Limits.trunkInputBytes)
        fill(&stage, id)
        #expect(stage.paused == [id])
        stage.breakTrunk()
        #expect(stage.paused.isEmpty)
        stage.pass(.seconds(3))
        #expect(stage.trunksBegun == 2)
        #expect(stage[id].kinds.filter { $0 == "grantedClient" }.count == 2, "it may write again")
    }

    @Test(
        "A back that is silent for 20 s is asked; after 10 s without a word its trunk is given up, counted and made anew"
    )
    func silentBack() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.isBackGone = true
        for _ in 0..<29 {
            stage.pass(.seconds(1))
            Self.answer(&stage, id, .webSocket)
        }
        #expect(stage.trunksGivenUp == 0)
        for _ in 0..<4 {
            stage.pass(.seconds(1))
            Self.answer(&stage, id, .webSocket)
        }
        #expect(stage.trunksGivenUp > 0 && stage.front.counters.trunksLost == 1)
        stage.isBackGone = false
        stage.pass(.seconds(8))
        #expect(stage.front.openBacks.map(\.name) == ["back-1"])
        #expect(!stage[id].isClosed)
    }

    @Test("A link that its back does not answer within 5 s is told to who waits for it, and counted")
    func unansweredLink() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.isBackGone = true
        stage.frame(.read, on: id) { Read(channel: "room/2").encode(into: &$0) }
        stage.pass(.seconds(4))
        #expect(!stage[id].kinds.contains("unlinkedClient"))
        stage.pass(.seconds(3))
        #expect(stage[id].field("code", of: "unlinkedClient") == "4006")
        #expect(stage.front.counters.readsEnded == [.timedOut: 1])
        #expect(!stage[id].isClosed)
    }

    @Test("A grant that its channel does not confirm revoked within 5 s is waited for no more, and counted")
    func revocation() {
        var stage = FrontStage()
        let id = stage.join(.webSocket)
        stage.isBackGone = true
        stage.frame(.write, on: id) { ClientWish(channel: "").encode(into: &$0) }
        stage.pass(.seconds(4))
        #expect(stage.front.counters.revocationsTimedOut == 0)
        stage.pass(.seconds(3))
        #expect(stage.front.counters.revocationsTimedOut == 1)
        #expect(!stage[id].isClosed)
    }

    @Test("A frame of more than 8 MiB from a back ends its trunk as it is announced, and is counted; its clients stay")
    func nodeFrame() {
        for excess in [0, 1] {
            var stage = FrontStage()
            let id = stage.join(.webSocket)
            var writer = ByteWriter()
            writer.num(UInt64(Limits.nodeFrameBytes + excess))
            stage.backSays(writer.bytes)
            stage.pass(.milliseconds(10))
            #expect(stage.trunksGivenUp == excess)
            #expect(stage.front.counters.closed == (excess == 0 ? [:] : [.tooBig: 1]))
            #expect(stage.front.counters.trunksLost == UInt64(excess))
            stage.pass(.seconds(3))
            #expect(!stage[id].isClosed)
        }
    }
}
