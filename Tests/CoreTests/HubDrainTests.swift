import Core
import Testing

@Suite("A hub that drains a front") struct HubDrainTests {
    private static func running(fronts: Int) -> (HubStage, [HubConnectionID]) {
        var stage = HubStage(fronts: fronts, backs: 1)
        stage.announce("back", "back-1", families: ["*"])
        let connections = (1...fronts).map { stage.announce("front", "front-\($0)") }
        _ = stage.said()
        return (stage, connections)
    }

    private static func report(moved: Int, cutOff: Int) -> ProcessReport {
        ProcessReport(counters: [
            ProcessReport.movedSessions: Double(moved), ProcessReport.cutOffSessions: Double(cutOff),
        ])
    }

    @Test(
        "When it has ended it stays away, or is started again, as the operator said",
        arguments: [DrainOrder.Then.leave, .restart])
    func ends(then: DrainOrder.Then) throws {
        var (stage, connections) = Self.running(fronts: 2)
        try stage.drain("front-2", within: .seconds(30), then: then)
        #expect(stage.said().contains(.sendDrain(connections[1], deadline: .seconds(30))))
        #expect(stage.state(of: "front-2") == "draining")
        stage.core.reported(Self.report(moved: 12, cutOff: 1), from: connections[1])
        stage.exit("front-2", .code(0))
        stage.pass(.seconds(20))
        #expect(stage.said().spawned == (then == .restart ? ["front-2"] : []))
        #expect(stage.state(of: "front-2") == (then == .restart ? "starting" : "stopped"))
        let process = try #require(stage.core.process("front-2", now: stage.now))
        #expect(process.drained == HubStatus.Drained(moved: 12, cutOff: 1, isComplete: true))
        #expect(process.restarts == 0, "nothing went wrong")
        if then == .leave {
            try stage.start("front-2")
            #expect(stage.said().spawned == ["front-2"])
        }
    }

    @Test("One that does not end in time is ended, and one that dies is said not to have finished")
    func overdue() throws {
        var (stage, _) = Self.running(fronts: 2)
        try stage.drain("front-1", within: .seconds(10), then: .leave)
        stage.pass(.milliseconds(14_900))
        #expect(stage.said().signalled.isEmpty)
        stage.pass(.milliseconds(200))
        #expect(stage.said().signalled == ["front-1:terminate"])
        stage.exit("front-1", .signal(15))
        #expect(stage.core.process("front-1", now: stage.now)?.drained?.isComplete == false)
    }

    @Test("A line to the hub that breaks does not stop a drain, and stopping the hub does not wait for it")
    func interrupted() throws {
        var (stage, connections) = Self.running(fronts: 2)
        try stage.drain("front-1", within: .seconds(100), then: .leave)
        stage.lose(connections[0])
        let again = stage.announce("front", "front-1")
        #expect(stage.said().stops.isEmpty)
        #expect(stage.state(of: "front-1") == "draining")
        stage.stop()
        #expect(stage.said().stops.contains(again))
    }

    @Test(
        "What cannot be drained is refused with the reason",
        arguments: [
            ("front-9", "no process 'front-9'"), ("back-1", "is a back"), ("front-1", "the only front that runs"),
        ])
    func refused(name: String, words: String) {
        var (stage, _) = Self.running(fronts: 1)
        let refusal = #expect(throws: Farewell.self) {
            try stage.drain(name, within: .seconds(1), then: .leave)
        }
        #expect(refusal?.reason.contains(words) == true)
        #expect(stage.state(of: "front-1") == "running")
    }
}
