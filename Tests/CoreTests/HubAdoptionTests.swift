import Core
import Testing

@Suite("What a hub does with the processes of the one before it") struct HubAdoptionTests {
    private static func record(_ role: ProcessRole, _ name: String, _ pid: Int32) -> ProcessRecord {
        ProcessRecord(
            role: role, name: name, pid: pid, startTime: 9, epoch: role == .back ? Epoch(rawValue: 3) : nil,
            families: role == .back ? ["arena/*"] : [], address: role == .back ? "127.0.0.1:9" : nil)
    }

    @Test("What it would not have started itself is kept while it lives, serves on, and is not started again")
    func surplus() {
        var stage = HubStage(
            fronts: 1, backs: 0, known: [Self.record(.front, "front-1", 11), Self.record(.back, "back-7", 12)])
        #expect(stage.said().spawned.isEmpty)
        let front = stage.announce("front", "front-1")
        stage.announce("back", "back-7", families: ["arena/*"], epoch: "3")
        #expect(stage.core.directory.backs.map(\.name) == ["back-7"])
        #expect(stage.said().contains(.ready(frontCount: 1, backCount: 0)), "ready is about what was asked for")
        stage.exit("back-7", .unknown)
        stage.pass(.seconds(60))
        let said = stage.said()
        #expect(said.spawned.isEmpty)
        #expect(said.directories.last?.backs.isEmpty == true)
        #expect(stage.state(of: "back-7") == nil)
        #expect(stage.core.processTable.map(\.name) == ["front-1"])
        stage.lose(front)
    }

    @Test("What it would not have started ends with the hub that keeps it")
    func surplusStops() {
        var stage = HubStage(fronts: 0, backs: 0, known: [Self.record(.back, "back-7", 12)])
        let connection = stage.announce("back", "back-7", families: ["arena/*"], epoch: "3")
        _ = stage.said()
        stage.stop()
        #expect(stage.said().stops == [connection])
        stage.exit("back-7", .code(0))
        #expect(stage.said().last == .finished)
    }

    @Test(
        "Only the process that was started speaks under its name: itself, or one of its session behind a wrapper",
        arguments: [
            (pid: Int32(11), leader: Int32(11), isTaken: true), (pid: 40, leader: 11, isTaken: true),
            (pid: 40, leader: 40, isTaken: false), (pid: 0, leader: 0, isTaken: false),
        ])
    func proof(pid: Int32, leader: Int32, isTaken: Bool) {
        var stage = HubStage(fronts: 1, backs: 0, known: [Self.record(.front, "front-1", 11)])
        stage.announce("front", "front-1", pid: pid, leader: leader)
        #expect(stage.said().refusals == (isTaken ? [] : [.duplicate]))
        #expect(stage.state(of: "front-1") == (isTaken ? "running" : "starting"))
    }

    @Test("A hub that leaves decides nothing any more and answers what the next one finds")
    func leaves() {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.announce("front", "front-1")
        _ = stage.said()
        #expect(stage.core.leave().map(\.name) == ["front-1", "back-1"])
        stage.exit("front-1")
        stage.pass(.seconds(60))
        #expect(stage.said().spawned.isEmpty)
    }
}
