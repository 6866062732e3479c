import Core
import State
import Testing

/// A back's limits that take many of something.
@Suite("A back at its limits") struct BackLimitTests {
    /// Keeps nothing: so many sessions cost what the back makes of them.
    private struct Crowd: Processor {
        init(_ state: inout State) {}
        mutating func step(_ tick: inout Tick) {}
    }

    @Test(
        "A channel takes 100,000 sessions; one more is told that it is full and is counted, one that comes back is let in"
    )
    func sessions() {
        var stage = BackStage(Crowd.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        for number in 1...UInt64(Limits.sessionsPerChannel) { stage.attach(number, as: number, on: id) }
        stage.tick()
        #expect(stage.core.counters.attaches == UInt64(Limits.sessionsPerChannel))
        _ = stage.take(id)
        let next = UInt64(Limits.sessionsPerChannel) + 1
        stage.detach(1, on: id)
        stage.attach(next, as: next, on: id)
        stage.attach(1, as: next + 1, on: id, attach: 2)
        stage.tick()
        #expect(stage.core.counters.sessionsRefused == 1)
        #expect(stage.core.channelStatus.first?.sessionCount == Limits.sessionsPerChannel)
        let said = stage.take(id)
        let reasons = said.compactMap { said -> CloseCode? in
            guard case .dismissed(let dismissed) = said else { return nil }
            return dismissed.farewell.code
        }
        #expect(reasons == [.overloaded])
        #expect(said.attached.count == 1, "the one who was there before")
    }

    @Test("A back holds 10,000 channels; a link to one more is refused with the reason and counted, the trunk goes on")
    func channels() {
        var stage = BackStage(Crowd.self)
        let id = stage.trunk(1)
        for number in 1...UInt64(Limits.channelsPerBack) { stage.link(number, "room/\(number)", on: id) }
        #expect(stage.core.channelStatus.count == Limits.channelsPerBack)
        let next = UInt64(Limits.channelsPerBack) + 1
        stage.link(next, "room/\(next)", on: id)
        #expect(stage.core.counters.linksRefused == 1)
        let codes = stage.take(id).compactMap { said -> CloseCode? in
            guard case .unlinked(let unlinked) = said else { return nil }
            return unlinked.farewell.code
        }
        #expect(codes == [.overloaded])
        #expect(stage.closed[id] == nil)
    }
}
