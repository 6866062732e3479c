import Core
import State
import Testing

/// What a back says to many, to fronts and to channels, and what its hooks are told: frame by frame.
@Suite("A back's messages and hooks")
struct BackCoreMessageTests {
    private func hex(_ session: UInt64) -> String { SessionID(high: 0, low: session).description }

    /// Three fronts, the first two linked; three sessions at each of these.
    private func stage() -> (BackStage, [TrunkID]) {
        var stage = BackStage(Post.self)
        let trunks = [stage.trunk(1), stage.trunk(2), stage.trunk(3)]
        for (place, trunk) in trunks.prefix(2).enumerated() {
            stage.link(1, "room/1", on: trunk)
            for member in 1...3 { stage.attach(UInt64(place * 3 + member), as: UInt64(member), on: trunk) }
        }
        stage.tick()
        for trunk in trunks { _ = stage.take(trunk) }
        return (stage, trunks)
    }

    private func notes(_ stage: BackStage, _ prefix: String) -> [String] {
        stage.core.notes("room/1").filter { $0.hasPrefix(prefix) }
    }

    @Test(
        "C28: a message to many sessions is one frame for each front, with its members; those who are away do not count"
    )
    func toMany() {
        var (stage, trunks) = stage()
        stage.detach(2, on: trunks[1])
        stage.inputs([1], of: 1, on: trunks[0]) { _ in
            "many \([1, 3, 4, 5, 6, 99].map { hex($0) }.joined(separator: ",")) hi"
        }
        stage.tick()
        let frames = trunks.map { trunk in
            stage.take(trunk).compactMap { said -> [UInt64]? in
                guard case .toSessions(let message) = said else { return nil }
                return message.members.map(\.rawValue)
            }
        }
        #expect(frames == [[[1, 3]], [[1, 3]], []])
        #expect(notes(stage, "reached") == ["reached 4"])
        #expect(stage.core.counters.messagesDropped == 2)
    }

    @Test(
        "C29: a message to fronts goes to all, to those that are linked, or to those named; by the link if there is one",
        arguments: [
            ("linked", [["toFront"], ["toFront"], []], 2), ("all", [["toFront"], ["toFront"], ["tell"]], 3),
            ("front-1", [["toFront"], [], []], 1), ("front-3", [[], [], ["tell"]], 1),
            ("front-2,front-3,front-9", [[], ["toFront"], ["tell"]], 2), ("front-9", [[], [], []], 0),
        ])
    func toFronts(_ selection: String, _ expected: [[String]], _ reached: Int) {
        var (stage, trunks) = stage()
        stage.inputs([1], of: 1, on: trunks[0]) { _ in "fronts \(selection) hi" }
        stage.tick()
        let kinds = trunks.map { stage.take($0).kinds.filter { $0 == "toFront" || $0 == "tell" } }
        #expect(kinds == expected)
        #expect(notes(stage, "fronts") == ["fronts \(reached)"])
    }

    @Test("C29, C30: a front that does not keep up is passed over; with none left the message is dropped and counted")
    func congested() {
        var (stage, trunks) = stage()
        stage.core.trunkUnsent(trunks[0], byteCount: Limits.congestedTrunkBytes + 1)
        stage.core.trunkUnsent(trunks[2], byteCount: Limits.congestedTrunkBytes + 1)
        stage.inputs([1], of: 1, on: trunks[1]) { _ in "post room/2 hi" }
        stage.inputs([2], of: 1, on: trunks[1]) { _ in "fronts front-3 hi" }
        stage.tick()
        #expect(trunks.map { stage.take($0).kinds.filter { $0 == "relay" || $0 == "tell" } } == [[], ["relay"], []])
        #expect(stage.core.counters.messagesDropped == 1)
        stage.core.trunkUnsent(trunks[1], byteCount: Limits.congestedTrunkBytes + 1)
        stage.inputs([3], of: 1, on: trunks[1]) { _ in "post room/2 hi" }
        stage.tick()
        #expect(trunks.allSatisfy { !stage.take($0).kinds.contains("relay") })
        #expect(stage.core.counters.messagesDropped == 2)
    }

    @Test("What waits for a front is bounded in bytes; the answer says what did not fit")
    func bounded() {
        var (stage, trunks) = stage()
        stage.inputs([1], of: 1, on: trunks[0]) { _ in "fill 20" }
        stage.tick()
        let fitting = Limits.messageBytesPerLink / Limits.messageBytes
        #expect(notes(stage, "filled") == ["filled \(fitting)"])
        #expect(stage.core.counters.messagesDropped == UInt64(20 - fitting))
        _ = stage.take(trunks[0])
        stage.inputs([2], of: 1, on: trunks[0]) { _ in "fill 1" }
        stage.tick()
        #expect(notes(stage, "filled").last == "filled 1", "the next tick has room again")
    }

    @Test("A full inbox takes no more messages, counts them, and takes them again after its tick")
    func inboxFull() {
        var (stage, trunks) = stage()
        let message = ToBack(channel: "room/1", member: .front, data: [])
        for _ in 0..<Limits.messagesPerInbox + 5 { stage.frame(.toBack, on: trunks[0]) { message.encode(into: &$0) } }
        #expect(stage.core.counters.messagesDropped == 5)
        stage.tick()
        stage.frame(.toBack, on: trunks[0]) { message.encode(into: &$0) }
        #expect(stage.core.counters.messagesDropped == 5)
    }

    private func say(_ text: String, as member: UInt64, on trunk: TrunkID, _ stage: inout BackStage) {
        let message = ToBack(channel: "room/1", member: MemberNumber(rawValue: member), data: Array(text.utf8))
        stage.frame(.toBack, on: trunk) { message.encode(into: &$0) }
    }

    @Test("A member's message counts on its own link only")
    func forged() {
        var (stage, trunks) = stage()
        say("mine", as: 1, on: trunks[0], &stage)
        say("mine", as: 4, on: trunks[0], &stage)
        say("mine", as: 1, on: trunks[2], &stage)
        stage.tick()
        #expect(notes(stage, "mine") == ["mine by 0001"])
        #expect(stage.core.counters.messagesDropped == 2)
    }

    /// A front that stalled may read the old connection's bytes behind those of the new one.
    @Test("What a session said before its newer attach and what comes behind it counts no more")
    func overtaken() {
        var (stage, trunks) = stage()
        say("mine first", as: 1, on: trunks[0], &stage)
        stage.attach(1, as: 4, on: trunks[0], attach: 2)
        say("mine new", as: 4, on: trunks[0], &stage)
        say("mine old", as: 1, on: trunks[0], &stage)
        stage.tick()
        #expect(notes(stage, "mine") == ["mine first by 0001", "mine new by 0001"])
        #expect(stage.core.counters.messagesDropped == 1)
    }

    @Test(
        "C10: the rule is asked about fronts and sessions and told when they come, may write, may not, and go, with their options"
    )
    func hooks() {
        var stage = BackStage(Post.self)
        let trunk = stage.trunk(1)
        for (link, options) in [(1, "south"), (2, "no thanks")] {
            let request = LinkRequest(
                link: LinkNumber(rawValue: UInt64(link)), channel: "room/1", options: Array(options.utf8))
            stage.frame(.link, on: trunk) { request.encode(into: &$0) }
        }
        for (member, options) in [(1, "red"), (2, "no, not me"), (3, "")] {
            let attach = Attach(
                link: LinkNumber(rawValue: 1), member: MemberNumber(rawValue: UInt64(member)),
                session: SessionID(high: 0, low: UInt64(member)), attach: AttachNumber(rawValue: 1), wantsWrite: false,
                options: Array(options.utf8))
            stage.frame(.attach, on: trunk) { attach.encode(into: &$0) }
        }
        stage.want(1, true, on: trunk, "as white")
        stage.want(1, true, on: trunk, "nothing changes")
        stage.want(1, false, on: trunk, "to watch")
        stage.detach(3, on: trunk, .stoppedReading)
        stage.detach(1, on: trunk, .leftForGood)
        stage.frame(.unlink, on: trunk) { $0.num(1) }
        stage.tick()
        #expect(
            stage.core.notes("room/1") == [
                "asked front-1 south", "linked front-1", "asked front-1 no thanks", "asked 0001 red", "joined 0001 red",
                "asked 0002 no, not me", "asked 0003 ", "joined 0003 ", "writes 0001 as white",
                "reads 0001 to watch", "left 0003 left", "left 0001 left", "unlinked front-1",
            ])
    }

    @Test("C10: the data of a yes goes with the link or the session, the reason of a no to whoever asked")
    func answers() {
        var stage = BackStage(Post.self)
        let trunk = stage.trunk(1)
        let request = LinkRequest(link: LinkNumber(rawValue: 1), channel: "room/1", options: Array("south".utf8))
        stage.frame(.link, on: trunk) { request.encode(into: &$0) }
        for (member, options) in [(1, "red"), (2, "no, not me")] {
            let attach = Attach(
                link: LinkNumber(rawValue: 1), member: MemberNumber(rawValue: UInt64(member)),
                session: SessionID(high: 0, low: UInt64(member)), attach: AttachNumber(rawValue: 1), wantsWrite: false,
                options: Array(options.utf8))
            stage.frame(.attach, on: trunk) { attach.encode(into: &$0) }
        }
        stage.tick()
        let said = stage.take(trunk)
        #expect(said.linked.map { String(decoding: $0.data, as: UTF8.self) } == ["yes, south"])
        #expect(said.attached.map { String(decoding: $0.data, as: UTF8.self) } == ["yes, red"])
        let reasons = said.compactMap { said -> String? in
            guard case .dismissed(let dismissed) = said else { return nil }
            return dismissed.farewell.reason
        }
        #expect(reasons == ["you said no, not me"])
    }

    @Test(
        "C37: a front that is gone takes its link away and leaves its sessions detached; they come back elsewhere or expire"
    )
    func frontGone() {
        var (stage, trunks) = stage()
        stage.lose(trunks[0])
        stage.tick()
        #expect(
            stage.core.notes("room/1").suffix(4) == [
                "detached 0001", "detached 0002", "detached 0003", "unlinked front-1",
            ])
        stage.attach(2, as: 9, on: trunks[1], attach: 2)
        stage.tick()
        #expect(notes(stage, "returned") == ["returned 0002 "])
        stage.pass(Limits.detachedSession + .seconds(1))
        #expect(notes(stage, "left") == ["left 0001 expired", "left 0003 expired"])
        #expect(stage.core.channelStatus.first?.sessionCount == 4)
        #expect(stage.core.channelStatus.first?.linkCount == 1)
    }
}
