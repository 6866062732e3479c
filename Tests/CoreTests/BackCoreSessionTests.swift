import Core
import State
import Testing

@Suite("A back's sessions")
struct BackCoreSessionTests {
    private func stage(links: Int = 2) -> (BackStage, TrunkID, TrunkID) {
        var stage = BackStage(Diary.self)
        let one = stage.trunk(1)
        let two = stage.trunk(2)
        stage.link(1, "room/1", on: one)
        if links > 1 { stage.link(1, "room/1", on: two) }
        stage.tick()
        _ = (stage.take(one), stage.take(two))
        return (stage, one, two)
    }

    @Test("A higher attach number wins: the old place is told, its inputs count no more")
    func superseded() {
        var (stage, one, two) = stage()
        stage.attach(1, as: 1, on: one)
        stage.inputs([1], of: 1, on: one)
        stage.tick()
        _ = stage.take(one)
        stage.attach(1, as: 5, on: two, attach: 2)
        stage.inputs([2], of: 1, on: one)
        stage.inputs([2, 3], of: 5, on: two)
        stage.tick()
        #expect(stage.take(one).farewells == [.superseded])
        let said = stage.take(two)
        #expect(said.granted.map(\.highest.rawValue) == [1])
        #expect(said.acks == [[5: 3]])
        #expect(stage.sum(1) == 3)
        #expect(stage.core.counters.inputsWithoutMember == 1)
        #expect(stage.diary().suffix(1) == ["returned 1"])
    }

    @Test(
        "Lower attach numbers lose, an equal one counts only from the same life of a front",
        arguments: [(1, 2, true), (2, 2, false), (3, 2, false), (1, 9, true), (2, 9, true), (3, 9, false)])
    func attachNumbers(number: UInt64, incarnation: UInt64, loses: Bool) {
        var stage = BackStage(Diary.self)
        let one = stage.trunk(1, incarnation: 2)
        stage.link(1, "room/1", on: one)
        stage.attach(1, as: 1, on: one, attach: 2)
        stage.tick()
        _ = stage.take(one)
        // A second trunk of the same life ends the first.
        let two = stage.trunk(2, incarnation: incarnation)
        stage.link(1, "room/1", on: two)
        stage.tick()
        _ = stage.take(two)
        stage.attach(1, as: 1, on: two, attach: number)
        stage.tick()
        #expect(stage.take(loses ? two : one).farewells == [.superseded])
        #expect(stage.take(loses ? one : two).attached.count == (loses ? 0 : 1))
    }

    @Test(
        "A session is told its number at each attach: the same through cuts and other fronts, another one after it left"
    )
    func numbers() {
        var (stage, one, two) = stage()
        stage.attach(7, as: 1, on: one)
        stage.attach(3, as: 2, on: one)
        stage.tick()
        #expect(stage.take(one).attached.map(\.me.rawValue) == [1, 2])
        stage.detach(2, on: one)
        stage.tick()
        stage.attach(3, as: 1, on: two, attach: 2)
        stage.attach(5, as: 2, on: two)
        stage.tick()
        #expect(stage.take(two).attached.map(\.me.rawValue) == [2, 3])
        stage.detach(2, on: two, .leftForGood)
        stage.tick()
        stage.attach(5, as: 3, on: two, attach: 2)
        stage.tick()
        #expect(stage.take(two).attached.map(\.me.rawValue) == [4])
        stage.attach(9, as: 4, on: two, claims: [Claim(name: "name", value: "bad egg")])
        stage.attach(8, as: 5, on: two)
        stage.tick()
        #expect(stage.take(two).attached.map(\.me.rawValue) == [5], "who is refused takes no number")
    }

    @Test("A member number that is in use on the link is refused as a duplicate")
    func duplicateMember() {
        var (stage, one, _) = stage()
        stage.attach(1, as: 1, on: one)
        stage.attach(2, as: 1, on: one)
        stage.tick()
        #expect(stage.take(one).farewells == [.duplicate])
        #expect(stage.diary().contains("joined 2") == false)
    }

    @Test("A session that is refused is told so with the reason; the link goes on")
    func refused() {
        var (stage, one, _) = stage()
        stage.attach(1, as: 1, on: one, claims: [Claim(name: "name", value: "bad egg")])
        stage.attach(2, as: 2, on: one)
        stage.tick()
        let said = stage.take(one)
        let dismissed = said.compactMap { if case .dismissed(let dismissed) = $0 { dismissed } else { nil } }
        #expect(dismissed.map(\.farewell) == [Farewell(.refused, "no bad egg")])
        #expect(said.attached.map(\.member.rawValue) == [2])
        #expect(stage.core.counters.requestsRefused == 1)
    }

    @Test("A link that is refused takes nobody in, and leaves nothing behind")
    func refusedLink() {
        var stage = BackStage(Diary.self, ChannelSettings(closesAfter: .seconds(10)))
        let id = stage.trunk(13)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.tick()
        let said = stage.take(id)
        #expect(said.kinds == ["unlinked"])
        #expect(said.farewells == [.refused])
        #expect(stage.diary() == [])
        #expect(stage.core.channelStatus.map(\.sessionCount) == [0])
        #expect(stage.core.channelStatus.map(\.linkCount) == [0])
        stage.pass(.seconds(11))
        #expect(stage.core.channelStatus.isEmpty)
    }

    @Test(
        "An unlink, and a trunk that breaks, detach each session once, in the order of their numbers",
        arguments: [false, true])
    func unlink(breaks: Bool) {
        var (stage, one, _) = stage()
        for session in [3, 1, 2] as [UInt64] { stage.attach(session, as: session, on: one) }
        stage.tick()
        if breaks { stage.lose(one) } else { stage.frame(.unlink, on: one) { $0.num(UInt64(1)) } }
        stage.tick()
        #expect(stage.diary().suffix(4) == ["detached 1", "detached 2", "detached 3", "unlinked front-1"])
        #expect(stage.core.channelStatus.first?.linkCount == 1)
    }

    @Test("A session that is away for 120 s expires; one that comes back in time does not")
    func expiry() {
        var (stage, one, _) = stage()
        stage.attach(1, as: 1, on: one)
        stage.attach(2, as: 2, on: one)
        stage.tick()
        stage.detach(1, on: one)
        stage.detach(2, on: one)
        stage.pass(.seconds(119))
        #expect(!stage.diary().contains("left 1 expired"))
        stage.attach(2, as: 3, on: one, attach: 2)
        stage.pass(.seconds(2))
        #expect(stage.diary().contains("left 1 expired"))
        #expect(!stage.diary().contains("left 2 expired"))
        #expect(stage.core.counters.sessionsExpired == 1)
    }

    @Test("A session whose page went away expires after 5 s, unless the page was loaded again; others wait on")
    func goingAway() {
        var (stage, one, _) = stage()
        for session in 1...3 as ClosedRange<UInt64> { stage.attach(session, as: session, on: one) }
        stage.tick()
        stage.detach(3, on: one)
        stage.detach(1, on: one, .goingAway)
        stage.detach(2, on: one, .goingAway)
        stage.pass(.seconds(4))
        stage.attach(2, as: 4, on: one, attach: 2)
        stage.pass(.seconds(2))
        #expect(stage.diary().suffix(2) == ["returned 2", "left 1 expired"])
        stage.pass(.seconds(110))
        #expect(stage.core.counters.sessionsExpired == 1)
        stage.pass(.seconds(10))
        #expect(stage.diary().last == "left 3 expired")
    }

    @Test("A session that comes back and is lost again in the tick of its expiry begins to wait anew")
    func expiryRace() {
        var (stage, one, _) = stage()
        stage.attach(1, as: 1, on: one)
        stage.tick()
        stage.detach(1, on: one)
        stage.tick()
        stage.now = stage.now + .seconds(121)
        stage.attach(1, as: 2, on: one, attach: 2)
        stage.detach(2, on: one)
        stage.tick()
        #expect(stage.diary().suffix(2) == ["returned 1", "detached 1"])
        stage.pass(.seconds(121))
        #expect(stage.diary().last == "left 1 expired")
    }

    @Test("Expiry comes also without links, when the channel is paused")
    func pausedExpiry() {
        var (stage, one, two) = stage()
        stage.attach(1, as: 1, on: one)
        stage.tick()
        stage.lose(one)
        stage.lose(two)
        stage.pass(.seconds(119))
        let ticks = stage.core.channelStatus.first?.tick.rawValue ?? 0
        stage.pass(.seconds(2))
        #expect(stage.diary().last == "left 1 expired")
        #expect((stage.core.channelStatus.first?.tick.rawValue ?? 0) - ticks == 1)
    }

    @Test(
        "Who leaves or stops reading is gone at once; who writes is told that its grant is over",
        arguments: [DetachReason.leftForGood, .stoppedReading])
    func leaving(reason: DetachReason) {
        var (stage, one, _) = stage()
        stage.attach(1, as: 1, on: one)
        stage.inputs([1], of: 1, on: one)
        stage.detach(1, on: one, reason)
        stage.tick()
        #expect(stage.diary().last == "left 1 left")
        #expect(stage.take(one).revoked.map(\.highest.rawValue) == [1])
        stage.attach(1, as: 2, on: one)
        stage.tick()
        #expect(stage.diary().suffix(2) == ["joined 1", "writes 1"])
        #expect(stage.take(one).granted.map(\.highest.rawValue) == [0])
    }

    @Test("Events come in order of arrival")
    func eventOrder() {
        var (stage, one, two) = stage()
        stage.attach(1, as: 1, on: one)
        stage.frame(.toBack, on: two) {
            ToBack(channel: "room/1", member: .front, data: Array("first".utf8)).encode(into: &$0)
        }
        stage.attach(2, as: 1, on: two, writes: false)
        stage.detach(1, on: one)
        stage.want(1, true, on: two)
        stage.attach(1, as: 2, on: one, attach: 2, writes: false)
        stage.tick()
        #expect(
            stage.diary().suffix(8) == [
                "joined 1", "writes 1", "message first", "joined 2", "detached 1", "writes 2", "returned 1", "reads 1",
            ])
    }

    @Test("What a client holds is kept if it is of this lineage, and not ahead of it")
    func held() {
        var (stage, one, _) = stage()
        let status = stage.core.channelStatus[0]
        let cases: [(Held?, Bool)] = [
            (nil, false), (Held(lineage: status.lineage, version: status.version, audiences: [.everyone]), true),
            (Held(lineage: status.lineage, version: status.version, audiences: []), false),
            (Held(lineage: status.lineage, version: Version(rawValue: 1 << 40), audiences: [.everyone]), false),
            (Held(lineage: Lineage(rawValue: 1), version: status.version, audiences: [.everyone]), false),
        ]
        for (place, (held, isKept)) in cases.enumerated() {
            stage.attach(UInt64(place + 1), as: UInt64(place + 1), on: one, held: held)
            stage.tick()
            let attached = stage.take(one).attached
            #expect(attached.map(\.kept) == [isKept ? [.everyone] : []], "case \(place)")
            #expect(attached.map(\.audiences) == [[.everyone]])
        }
    }
}
