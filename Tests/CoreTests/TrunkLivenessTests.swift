import Core
import State
import Testing

/// Peers that have gone without a word, and those that were only paused.
@Suite("Who is still there")
struct TrunkLivenessTests {
    /// A back with two fronts, of which the second does not answer, and a session at each.
    private func stageOfTwo() -> (BackStage, lively: TrunkID, mute: TrunkID) {
        var stage = BackStage(Diary.self)
        let (lively, mute) = (stage.trunk(1), stage.trunk(2))
        stage.mute = [mute]
        for id in [lively, mute] {
            stage.link(1, "room/1", on: id)
            stage.attach(id.rawValue, as: 1, on: id)
        }
        stage.pass(.milliseconds(200))
        return (stage, lively, mute)
    }

    @Test("A quiet front is asked after 20 s; who has not answered 10 s later is given up, and its session is away")
    func ping() {
        var (stage, lively, mute) = stageOfTwo()
        stage.pass(.seconds(18))
        _ = stage.take(mute)
        stage.pass(.seconds(3))
        #expect(stage.take(mute).contains(.other(.ping)))
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(11))
        #expect(stage.closed[mute]?.code == .timedOut)
        #expect(stage.closed[lively] == nil)
        #expect(stage.core.trunkCount == 1)
        #expect(stage.core.channelStatus[0].linkCount == 1)
        #expect(stage.core.channelStatus[0].sessionCount == 2)
        // Its session expires, as it does when a trunk breaks.
        stage.pass(.seconds(121))
        #expect(stage.core.channelStatus[0].sessionCount == 1)
    }

    @Test(
        "A front that takes what it is sent, however slowly, is not asked; one that takes nothing is given up after 120 s"
    )
    func stuck() {
        var (stage, lively, mute) = stageOfTwo()
        for second in 1...100 {
            stage.core.trunkUnsent(mute, byteCount: 200_000 - second * 1000)
            stage.pass(.seconds(1))
        }
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(118))
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(5))
        #expect(stage.closed[mute]?.code == .slow)
        #expect(stage.closed[lively] == nil)
    }

    @Test("A back that slept itself gives everybody the time again")
    func sleptBack() {
        var (stage, _, mute) = stageOfTwo()
        stage.pass(.seconds(21))
        #expect(stage.take(mute).contains(.other(.ping)))
        // It was paused: nothing was due on the way.
        stage.now = stage.now + .seconds(60)
        stage.pass(.seconds(2))
        #expect(stage.closed.isEmpty)
        // The answer was in its kernel all the while.
        stage.frame(.pong, on: mute) { $0.u64(1) }
        stage.pass(.seconds(15))
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(20))
        #expect(stage.closed[mute]?.code == .timedOut)
    }

    @Test("A newer trunk of the same process ends the older one, which its front has given up; another front's stays")
    func superseded() {
        var stage = BackStage(Diary.self)
        let (old, other) = (stage.trunk(1, incarnation: 9), stage.trunk(2))
        stage.link(1, "room/1", on: old)
        stage.attach(5, as: 1, on: old)
        stage.pass(.milliseconds(200))
        let new = stage.trunk(3, incarnation: 9)
        #expect(stage.closed[old]?.code == .superseded)
        #expect(stage.take(old).farewells == [.superseded])
        #expect(stage.closed[other] == nil && stage.closed[new] == nil)
        #expect(stage.core.trunkCount == 2)
        stage.pass(.milliseconds(200))
        // The session is away, and comes back with the number that it had.
        stage.link(1, "room/1", on: new)
        stage.attach(5, as: 1, on: new)
        stage.pass(.milliseconds(200))
        #expect(stage.core.channelStatus[0].sessionCount == 1)
        #expect(stage.take(new).contains { if case .attached = $0 { true } else { false } })
    }

    @Test("A front that slept itself gives its clients the time again")
    func sleptFront() {
        var stage = FrontStage()
        let id = stage.connect(.plain)
        let hello = Hello(attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "room/1")], write: "")
        stage.frame(.hello, on: id) { hello.encode(into: &$0) }
        stage.pass(.seconds(21))
        #expect(stage[id].kinds.contains("ping"))
        stage.now = stage.now + .seconds(60)
        stage.pass(.seconds(2))
        #expect(!stage[id].isClosed)
        stage.frame(.pong, on: id) { $0.u64(1) }
        stage.pass(.seconds(5))
        #expect(!stage[id].isClosed)
    }

    private func directory(_ epoch: UInt64, _ address: String? = "here") -> ChannelDirectory {
        ChannelDirectory([
            .init(name: "back-1", address: address, epoch: Epoch(rawValue: epoch), families: [family("room/*")])
        ])
    }

    @Test("A back whose successor is in the directory is left at once, and refused when it is met again")
    func successor() {
        var stage = FrontStage()
        #expect(stage.front.missingBacks.isEmpty)
        stage.front.directoryChanged(directory(3, nil), now: stage.now)
        #expect(stage.front.missingBacks.isEmpty)
        stage.front.directoryChanged(directory(4), now: stage.now)
        #expect(!stage.front.missingBacks.isEmpty)
        #expect(stage.front.counters.staleEpochs == 1)
        // The same back still listens there.
        stage.pass(.seconds(3))
        #expect(!stage.front.missingBacks.isEmpty)
        #expect(stage.front.counters.staleEpochs > 1)
    }

    @Test("A directory of a hub whose reign is over changes nothing")
    func term() {
        var stage = FrontStage()
        let now = stage.now
        var isTaken = stage.front.directoryChanged(DirectoryMessage(term: 5, directory(3)), now: now)
        #expect(isTaken)
        isTaken = stage.front.directoryChanged(DirectoryMessage(term: 4, directory(9)), now: now)
        #expect(!isTaken)
        #expect(stage.front.directory == directory(3))
        #expect(stage.front.missingBacks.isEmpty)
        #expect(stage.front.counters.staleEpochs == 1)
        isTaken = stage.front.directoryChanged(DirectoryMessage(term: 6, ChannelDirectory()), now: now)
        #expect(isTaken)
        #expect(stage.front.directory.backs.isEmpty)
    }
}
