import Core
import State
import Testing

/// Submits `/p` and changes a row that nobody who is there sees, when it is told to.
private struct Secretive: Processor {
    let rows: Table<Int, Count>
    let audiences: Audiences

    struct Count: Row {
        var count: Int32 = 0
        static let schema = Schema<Count>(.field("count", \.count))
    }

    init(_ state: inout State) {
        rows = state.table("rows")
        audiences = state.audiences
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            guard case .message = event else { continue }
            rows[0, for: audiences["staff"]] = Count(count: Int32(tick.number))
            tick.submit(.page("/p"))
        }
    }
}

@Suite("A back's jobs on its line to the hub")
struct BackCoreJobTests {
    private static func stage(_ settings: ChannelSettings = ChannelSettings()) -> BackStage {
        var stage = BackStage(Secretive.self, settings)
        stage.core.hubOpened()
        return stage
    }

    private func tell(_ stage: inout BackStage, on id: TrunkID) {
        let message = ToBack(channel: "room/1", member: .front, data: [1])
        stage.frame(.toBack, on: id) { message.encode(into: &$0) }
        stage.tick()
    }

    private func numbers(_ stage: BackStage) -> [UInt64] {
        stage.jobs.compactMap { if case .submit(let number, _, false) = $0 { number } else { nil } }
    }

    @Test("Whoever is linked hears of the version that a job names, also when nothing changed for them")
    func versions() throws {
        var stage = Self.stage()
        let trunk = stage.trunk(1)
        stage.link(1, "room/1", on: trunk)
        stage.tick()
        _ = stage.take(trunk)
        tell(&stage, on: trunk)
        guard case .submit(_, let request, _)? = stage.jobs.first else { throw Nothing() }
        let marks = stage.take(trunk).compactMap { if case .mark(let mark) = $0 { mark.version } else { nil } }
        #expect(marks == request.minimums.map(\.version))
        #expect(request.minimums.first?.channel.text == "room/1")
    }

    @Test("A refusal that may pass is asked again after a second; one for good is counted and over")
    func refusals() throws {
        var stage = Self.stage()
        let trunk = stage.trunk(1)
        tell(&stage, on: trunk)
        for (round, reason) in [JobRejection.full, .draining, .unavailable, .tooFast].enumerated() {
            #expect(numbers(stage).count == round + 1)
            stage.heard(.answer(number: numbers(stage)[round], .rejected(reason)))
            #expect(numbers(stage).count == round + 1)
            stage.pass(.seconds(1))
        }
        #expect(stage.core.outboxCount == 1)
        stage.heard(.answer(number: numbers(stage)[4], .rejected(.unknownKind)))
        stage.tick()
        #expect(stage.core.outboxCount == 0)
        #expect(stage.core.counters.jobsRejected == 1)
        stage.pass(.seconds(2))
        #expect(numbers(stage).count == 5)
    }

    @Test("An answer to a request that has been replaced ends nothing")
    func replaced() throws {
        var stage = Self.stage()
        let trunk = stage.trunk(1)
        tell(&stage, on: trunk)
        tell(&stage, on: trunk)
        #expect(numbers(stage).count == 2)
        stage.heard(.answer(number: numbers(stage)[0], .queued(JobID(rawValue: 1))))
        stage.tick()
        #expect(stage.core.outboxCount == 1)
        stage.heard(.answer(number: numbers(stage)[1], .merged(into: JobID(rawValue: 1))))
        stage.tick()
        #expect(stage.core.outboxCount == 0)
    }

    @Test("A channel with something in its outbox is not idle: it is not closed before the hub has it")
    func idle() throws {
        var stage = Self.stage(ChannelSettings(closesAfter: .seconds(1)))
        let trunk = stage.trunk(1)
        tell(&stage, on: trunk)
        stage.pass(.seconds(10))
        #expect(stage.core.channelStatus.count == 1)
        stage.heard(.answer(number: numbers(stage)[0], .queued(JobID(rawValue: 1))))
        stage.tick()
        stage.pass(.seconds(2))
        #expect(stage.core.channelStatus.isEmpty)
    }

    @Test("A channel that closed and is made anew goes on above its old version: pages of its new life are newer")
    func anew() throws {
        var stage = Self.stage(ChannelSettings(closesAfter: .seconds(1)))
        let trunk = stage.trunk(1)
        for number in 0..<3 {
            tell(&stage, on: trunk)
            stage.heard(.answer(number: numbers(stage)[number], .queued(JobID(rawValue: 1))))
            stage.tick()
        }
        let before = try #require(stage.core.channelStatus.first)
        stage.pass(.seconds(2))
        #expect(stage.core.channelStatus.isEmpty)
        tell(&stage, on: trunk)
        let after = try #require(stage.core.channelStatus.first)
        #expect(after.lineage != before.lineage)
        #expect(after.version > before.version)
    }

    @Test("Without a hub nothing is taken, and the rule is told so")
    func noHub() {
        var stage = BackStage(Secretive.self)
        stage.core.hasHub = false
        let trunk = stage.trunk(1)
        tell(&stage, on: trunk)
        #expect(stage.core.outboxCount == 0)
        #expect(stage.core.counters.jobsRefused == 1)
    }

    private struct Nothing: Error {}
}
