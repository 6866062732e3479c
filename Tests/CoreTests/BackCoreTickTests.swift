import Core
import State
import Testing

@Suite("A back's ticks")
struct BackCoreTickTests {
    @Test(
        "An idle channel closes after its time, and is made anew with a new lineage, whose versions go on above the old one's"
    )
    func closing() {
        var stage = BackStage(Diary.self, ChannelSettings(closesAfter: .seconds(60)))
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.pass(.seconds(1))
        let first = stage.take(id).linked.first
        stage.frame(.unlink, on: id) { $0.num(UInt64(1)) }
        stage.pass(.seconds(59))
        #expect(stage.core.channelStatus.count == 1)
        stage.pass(.seconds(2))
        #expect(stage.core.channelStatus.isEmpty)
        // No channel waits for the clock: what comes next is a look at who is still there.
        #expect(stage.core.nextDeadline.map { $0 > stage.now } == true)
        stage.pass(.seconds(5))
        #expect(stage.core.channelStatus.isEmpty)
        stage.link(2, "room/1", on: id)
        stage.pass(.seconds(1))
        let second = stage.take(id).linked.first
        #expect(second != nil && second?.lineage != first?.lineage)
        #expect((second?.version ?? .nothing) > (first?.version ?? .nothing))
    }

    @Test("A session that is away keeps its channel open")
    func detachedSessionsKeepChannels() {
        var stage = BackStage(Diary.self, ChannelSettings(closesAfter: .seconds(10)))
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.pass(.seconds(1))
        stage.lose(id)
        stage.pass(.seconds(100))
        #expect(stage.core.channelStatus.map(\.sessionCount) == [1])
        stage.pass(.seconds(32))
        #expect(stage.core.channelStatus.isEmpty)
    }

    @Test(
        "Without links a channel pauses or steps on, as it is set", arguments: [(Idle.pause, UInt64(0)), (.step, 20)])
    func idle(idle: Idle, ticks: UInt64) throws {
        var stage = BackStage(Diary.self, ChannelSettings(idle: idle))
        try stage.core.openChannel(ChannelID("room/1"), now: stage.now)
        stage.pass(.seconds(1))
        #expect(stage.core.channelStatus.first?.tick.rawValue == ticks)
    }

    @Test("The grid is absolute: a late tick does not move the next one")
    func grid() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        #expect(stage.core.nextDeadline?.nanoseconds == 1_050_000_000)
        stage.now = Instant(nanoseconds: 1_077_000_000)
        while stage.core.tick(now: stage.now) != nil {}
        stage.pump()
        #expect(stage.core.nextDeadline?.nanoseconds == 1_100_000_000)
        #expect(stage.core.counters.overruns == 0)
    }

    @Test(
        "Missed slots are skipped or caught up with, and what is skipped is counted",
        arguments: [(Overrun.skip, UInt64(1), UInt64(9)), (.catchUp(limit: 4), 5, 5), (.catchUp(limit: 100), 10, 0)])
    func overrun(policy: Overrun, ticks: UInt64, skipped: UInt64) {
        var stage = BackStage(Diary.self, ChannelSettings(overrun: policy))
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.pass(.milliseconds(50))
        let before = stage.core.counters
        // Ten slots pass: 1.1 … 1.55 s.
        stage.now = Instant(nanoseconds: 1_560_000_000)
        while stage.core.tick(now: stage.now) != nil {}
        stage.pump()
        #expect(stage.core.counters.ticks - before.ticks == ticks)
        #expect(stage.core.counters.overruns - before.overruns == skipped)
        #expect(stage.core.nextDeadline?.nanoseconds == 1_600_000_000)
    }

    @Test("A rule changes its rate from the next tick on; 0 leaves ticking by hand, which may set it going again")
    func rates() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.pass(.milliseconds(50))
        stage.inputs([1], of: 1, on: id) { _ in "r100" }
        stage.pass(.milliseconds(50))
        let fast = stage.core.counters.ticks
        stage.pass(.milliseconds(100))
        #expect(stage.core.counters.ticks - fast == 10)
        stage.inputs([2], of: 1, on: id) { _ in "r0" }
        stage.pass(.milliseconds(10))
        let stopped = stage.core.counters.ticks
        stage.pass(.seconds(5))
        #expect(stage.core.counters.ticks == stopped)
        stage.inputs([3, 4], of: 1, on: id) { $0 == 3 ? "a" : "r10" }
        stage.pass(.seconds(1))
        #expect(stage.sum(1) == 0)
        stage.tick()
        #expect(stage.sum(1) == 1)
        let byHand = stage.core.counters.ticks
        stage.pass(.seconds(1))
        #expect(stage.core.counters.ticks - byHand == 10)
    }

    @Test("Nothing changed: nothing is said")
    func quiet() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.tick()
        #expect(stage.take(id).kinds == ["linked", "section", "mark"])
        stage.tick()
        stage.tick()
        #expect(stage.take(id).isEmpty)
        #expect(stage.core.channelStatus.first?.version.rawValue == 2)
    }

    @Test("A rule without tables, and one that never writes, are served like any other")
    func emptyState() {
        struct Mute: Processor {
            init(_ state: inout State) {}
            mutating func step(_ tick: inout Tick) {}
        }
        var stage = BackStage(Mute.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.inputs([1], of: 1, on: id)
        stage.tick()
        let said = stage.take(id)
        #expect(said.kinds == ["linked", "section", "mark", "attached", "granted", "acked"])
        #expect(said.sections.first?.version.rawValue == 1)
        #expect(said.acks == [[1: 1]])
    }

    @Test("A rule whose tables cannot work refuses the link with the reason")
    func brokenRule() {
        struct Broken: Processor {
            init(_ state: inout State) {
                let _: Table<Int, Diary.Line> = state.table("twice")
                let _: Table<Int, Diary.Line> = state.table("twice")
            }
            mutating func step(_ tick: inout Tick) {}
        }
        var stage = BackStage(Broken.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        #expect(stage.take(id).farewells == [.failed])
        #expect(stage.core.trunkCount == 1)
    }

    @Test("Two fronts get the same patch from the same base")
    func twoLinks() {
        var stage = BackStage(Diary.self)
        let (one, two) = (stage.trunk(1), stage.trunk(2))
        for id in [one, two] { stage.link(1, "room/1", on: id) }
        stage.attach(1, as: 1, on: one)
        stage.tick()
        _ = (stage.take(one), stage.take(two))
        for number in 1...20 as ClosedRange<UInt64> {
            stage.inputs([number], of: 1, on: one)
            stage.tick()
            let (first, second) = (stage.take(one), stage.take(two))
            #expect(Array(first.prefix(2)) == second)
            #expect(first.sections.map(\.base.rawValue) == [number + 1])
            #expect(first.marks.map(\.version.rawValue) == [number + 2])
        }
    }

    @Test("Channels whose ids begin alike, or look alike, never mix")
    func prefixes() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        // The last two are é composed and decomposed: equal to Swift's String, two ids on the wire.
        let channels = ["room/1", "room/1/1", "room/11", "room/\u{E9}", "room/e\u{301}"]
        for (place, channel) in channels.enumerated() {
            stage.link(UInt64(place + 1), channel, on: id)
            stage.attach(UInt64(place + 1), as: 1, on: id, link: UInt64(place + 1))
            for number in 0...place { stage.inputs([UInt64(number + 1)], of: 1, on: id, link: UInt64(place + 1)) }
        }
        stage.pass(.milliseconds(60))
        #expect(stage.core.channelStatus.count == channels.count)
        for (place, channel) in channels.enumerated() {
            #expect(stage.sum(UInt64(place + 1), channel) == Int64(place + 1), "\(channel)")
            #expect(stage.diary(channel) == ["linked front-1", "joined \(place + 1)", "writes \(place + 1)"])
        }
        #expect(Set(stage.take(id).linked.map(\.lineage)).count == channels.count)
    }

    @Test("A slow trunk gets one squashed patch later, from the right base, and nothing is lost or out of order")
    func congestion() throws {
        var stage = BackStage(Diary.self)
        let (slow, fast) = (stage.trunk(1), stage.trunk(2))
        for id in [slow, fast] { stage.link(1, "room/1", on: id) }
        stage.attach(1, as: 1, on: slow)
        stage.tick()
        var mirrors = [ChannelMirror(), ChannelMirror()]
        try feed(&mirrors[0], &stage, slow)
        try feed(&mirrors[1], &stage, fast)
        stage.core.trunkUnsent(slow, byteCount: Limits.congestedTrunkBytes + 1)
        for number in 1...5 as ClosedRange<UInt64> {
            stage.inputs([number], of: 1, on: slow) { $0 == 3 ? "!" : $0 == 4 ? ">hi" : "a" }
            stage.tick()
            #expect(stage.take(slow).isEmpty)
            try feed(&mirrors[1], &stage, fast)
        }
        let held = mirrors[0].version
        stage.want(1, false, on: slow)
        stage.core.trunkUnsent(slow, byteCount: 0)
        stage.tick()
        let said = stage.take(slow)
        #expect(said.kinds == ["section", "mark", "refused", "revoked", "toSessions"])
        #expect(said.sections.map(\.base.rawValue) == [held])
        #expect(said.revoked.map(\.highest.rawValue) == [5])
        #expect(stage.core.counters.squashes >= 3)
        try feed(&mirrors[0], said)
        try feed(&mirrors[1], &stage, fast)
        #expect(mirrors[0].encoded() == mirrors[1].encoded())
        #expect(mirrors[0].encoded() == stage.core.encodedState(of: "room/1")?.1)
    }

    @Test("A tick whose own patch fills the trunk still sends its acks and messages behind it")
    func congestedByItself() {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        for session in 1...8 as ClosedRange<UInt64> { stage.attach(session, as: session, on: id) }
        stage.tick()
        _ = stage.take(id)
        let big = "x" + String(repeating: "y", count: Limits.inputBytes - 1)
        for session in 1...8 as ClosedRange<UInt64> { stage.inputs([1], of: session, on: id) { _ in big } }
        stage.inputs([2, 3], of: 1, on: id) { $0 == 2 ? "!" : ">hi" }
        stage.want(1, false, on: id)
        stage.tick()
        let kinds = stage.take(id).kinds
        let places = ["mark", "refused", "acked", "revoked", "toSessions"].map { kinds.firstIndex(of: $0) ?? -1 }
        #expect(places == places.sorted() && !places.contains(-1), "\(kinds)")
    }

    private func feed(_ mirror: inout ChannelMirror, _ stage: inout BackStage, _ id: TrunkID) throws {
        try feed(&mirror, stage.take(id))
    }

    private func feed(_ mirror: inout ChannelMirror, _ said: [BackStage.Said]) throws {
        for said in said {
            switch said {
            case .section(let head, let patch):
                try mirror.receive(
                    StateSection(
                        base: head.base.rawValue, version: head.version.rawValue,
                        schema: head.hasSchema ? BackStage.diarySchema : nil, patch: patch))
            case .mark(let mark): _ = try mirror.commit(base: mark.base.rawValue, version: mark.version.rawValue)
            default: break
            }
        }
    }
}

extension BackStage {
    static var diarySchema: SchemaDescription {
        var state = State()
        _ = Diary(&state)
        return state.schema
    }
}
