import Core
import Testing

@Suite("What the hub decides") struct HubCoreTests {
    @Test("Everything is started at once, and ready is said when all have announced themselves")
    func ready() {
        var stage = HubStage(fronts: 2, backs: 1)
        #expect(stage.said().spawned == ["front-1", "front-2", "back-1"])
        stage.announce("front", "front-1")
        stage.announce("back", "back-1", families: ["arena/*"])
        #expect(!stage.said().contains(.ready(frontCount: 2, backCount: 1)))
        stage.announce("front", "front-2")
        #expect(stage.said().contains(.ready(frontCount: 2, backCount: 1)))
        #expect(stage.state(of: "back-1") == "running")
    }

    @Test(
        "A process that dies is started again after 50 ms, then after twice that, with a quarter of jitter",
        arguments: 1...20)
    func backoff(seed: UInt64) {
        var stage = HubStage(fronts: 1, backs: 0, seed: seed)
        var expected = 50.0
        for _ in 0..<9 {
            stage.exit("front-1")
            let from = stage.now
            _ = stage.said()
            let wait = stage.core.nextDeadline?.since(from) ?? .zero
            #expect(wait >= .milliseconds(expected * 0.75) && wait <= .milliseconds(expected * 1.25), "seed \(seed)")
            stage.pass(wait)
            #expect(stage.said().spawned == ["front-1"])
            expected = min(expected * 2, 5000)
        }
        stage.announce("front", "front-1")
        stage.pass(.seconds(10))
        stage.exit("front-1")
        let wait = stage.core.nextDeadline.map { $0.since(stage.now) / .milliseconds(1) } ?? 0
        #expect(wait <= 62.5, "ten seconds up reset the wait, seed \(seed)")
    }

    @Test("Five deaths in a row are a crash loop: counted once, shown as failed, still tried")
    func crashLoop() {
        var stage = HubStage(fronts: 1, backs: 0)
        for death in 1...7 {
            stage.exit("front-1", .signal(11))
            #expect(stage.state(of: "front-1") == (death < 5 ? "restarting" : "failed"))
            stage.pass(.seconds(7))
            #expect(stage.state(of: "front-1") == "starting")
        }
        let process = stage.core.status(now: stage.now).processes[0]
        #expect(process.crashLoops == 1)
        #expect(process.restarts == 7)
        #expect(process.reason == "signal 11")
    }

    @Test("What cannot be started is failed and tried again")
    func spawnFails() {
        var stage = HubStage(fronts: 0, backs: 1)
        stage.exit("back-1")
        stage.broken = ["back-1"]
        stage.pass(.milliseconds(70))
        #expect(stage.state(of: "back-1") == "failed")
        stage.broken = []
        stage.pass(.seconds(1))
        #expect(stage.state(of: "back-1") == "starting")
    }

    @Test("A back gets a higher epoch at each start and only once its forerunner is gone")
    func epochs() {
        var stage = HubStage(fronts: 0, backs: 2, term: 7)
        let first = stage.epochs["back-1"]
        #expect(first == Epoch(rawValue: 7 << 32 | 1))
        #expect(stage.epochs["back-2"] == Epoch(rawValue: 7 << 32 | 2))
        stage.lose(stage.announce("back", "back-1", families: ["a"]))
        stage.pass(.seconds(60))
        #expect(stage.epochs["back-1"] == first, "a lost connection is not a death")
        stage.exit("back-1")
        stage.pass(.seconds(1))
        #expect(stage.epochs["back-1"] == Epoch(rawValue: 7 << 32 | 3))
        _ = stage.said()
        stage.announce("back", "back-1", families: ["a"], epoch: first.map { "\($0)" })
        #expect(stage.said().refusals == [.stale])
    }

    @Test("Fronts hear of the backs when all have spoken, and again when one goes or comes")
    func directory() {
        var stage = HubStage(fronts: 1, backs: 2)
        stage.announce("front", "front-1")
        stage.announce("back", "back-2", families: ["arena/*"])
        #expect(stage.said().directories.isEmpty, "placement would change when back-1 speaks")
        stage.announce("back", "back-1", families: ["arena/*", "lobby"])
        let full = stage.said().directories
        #expect(full.count == 1)
        #expect(full.first?.backs.map(\.name) == ["back-1", "back-2"])
        stage.exit("back-1", .signal(9))
        let away = stage.said().directories.first
        #expect(away?.backs.map(\.address) == [nil, "127.0.0.1:1"], "it keeps its place while it is away")
        #expect(away?.backs.first?.families == ["arena/*", "lobby"])
        stage.pass(.milliseconds(70))
        _ = stage.said()
        stage.announce("back", "back-1", families: ["arena/*", "lobby"])
        #expect(stage.said().directories.first?.backs.first?.address == "127.0.0.1:1")
    }

    @Test("A front gets the listener and the directory as soon as it announces itself")
    func listener() {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.announce("back", "back-1", families: ["*"])
        _ = stage.said()
        let connection = stage.announce("front", "front-1")
        let said = stage.said()
        #expect(said.contains(.sendListeners(connection)))
        #expect(said.directories.count == 1)
    }

    @Test("A program that is a front without clients is never handed the public listener, also not one that comes late")
    func listenerOfPrograms() {
        var stage = HubStage(fronts: 1, backs: 0)
        let front = stage.announce("front", "front-1")
        let program = stage.announce("front", "worker-1-mirror", takesClients: false)
        stage.core.listenersChanged()
        let said = stage.said()
        #expect(said.contains(.sendListeners(front)))
        #expect(!said.contains(.sendListeners(program)))
    }

    @Test(
        "An announcement that cannot be right is refused with a reason",
        arguments: [
            ("waiter", "waiter-1", 5, "", [String](), CloseCode.refused),
            ("back", "front-1", 5, "", [], .refused),
            ("back", "back-1", 5, "12", [], .stale),
            ("front", "front-1", 5, "", [], .duplicate),
            ("back", "stray", 5, "1", ["a//b"], .protocolError),
            ("front", "", 5, "", [], .refused),
        ])
    func refusals(role: String, name: String, pid: Int32, epoch: String, families: [String], code: CloseCode) {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.announce("front", "front-1")
        _ = stage.said()
        stage.announce(role, name, pid: pid, families: families, epoch: epoch.isEmpty ? nil : epoch)
        #expect(stage.said().refusals == [code])
    }

    @Test("The same process may connect anew before its old connection is known to be lost")
    func reconnects() {
        var stage = HubStage(fronts: 1, backs: 0)
        let old = stage.announce("front", "front-1")
        _ = stage.said()
        stage.announce("front", "front-1")
        #expect(stage.said().contains(.refuse(old, Farewell(.superseded, "this process has a newer connection"))))
        stage.lose(old)
        #expect(stage.state(of: "front-1") == "running")
    }

    @Test("A process that nobody started is taken in by its name, and forgotten with its connection")
    func guests() {
        var stage = HubStage(fronts: 1, backs: 0)
        stage.announce("front", "front-1")
        let stray = stage.announce("back", "stray", families: ["x/*"], epoch: "12")
        #expect(stage.said().directories.last?.backs.map(\.name) == ["stray"])
        #expect(stage.state(of: "stray") == "running")
        stage.announce("back", "stray", families: ["x/*"], epoch: "12")
        #expect(stage.said().refusals == [.duplicate])
        stage.lose(stray)
        #expect(stage.said().directories.last?.backs.isEmpty == true)
    }

    @Test("A process of an earlier hub is adopted, not started twice")
    func adopts() {
        let known = [
            ProcessRecord(role: .front, name: "front-1", pid: 55, startTime: 3, epoch: nil, families: []),
            ProcessRecord(
                role: .back, name: "back-1", pid: 56, startTime: 4, epoch: Epoch(rawValue: 99), families: ["a/*"]),
        ]
        var stage = HubStage(fronts: 2, backs: 1, known: known)
        #expect(stage.said().spawned == ["front-2"])
        stage.announce("front", "front-2")
        stage.announce("front", "front-1", pid: 55)
        #expect(stage.said().directories.last?.backs.first?.address == nil, "its place is known, it is away")
        stage.announce("back", "back-1", pid: 56, families: ["a/*"], epoch: "99")
        let said = stage.said()
        #expect(said.refusals.isEmpty)
        #expect(said.contains(.ready(frontCount: 2, backCount: 1)))
        stage.pass(.seconds(60))
        #expect(stage.said().spawned.isEmpty)
    }

    @Test("A process of an earlier hub that stays silent is ended before another takes its name")
    func replacesSilent() {
        let known = [ProcessRecord(role: .back, name: "back-1", pid: 56, startTime: 4, epoch: nil, families: [])]
        var stage = HubStage(fronts: 0, backs: 1, known: known)
        stage.pass(.seconds(9))
        #expect(stage.said().signalled.isEmpty)
        stage.pass(.seconds(2))
        #expect(stage.said().signalled == ["back-1:terminate"])
        stage.pass(.seconds(2))
        let said = stage.said()
        #expect(said.signalled == ["back-1:kill"])
        #expect(said.spawned.isEmpty)
        stage.exit("back-1", .unknown)
        stage.pass(.seconds(1))
        #expect(stage.said().spawned == ["back-1"])
    }

    @Test("Fronts stop before backs, each asked, then terminated, then killed")
    func stopOrder() {
        var stage = HubStage(fronts: 2, backs: 1)
        let first = stage.announce("front", "front-1")
        let back = stage.announce("back", "back-1", families: ["a"])
        _ = stage.said()
        stage.stop()
        var said = stage.said()
        #expect(said.stops == [first])
        #expect(said.signalled == ["front-2:terminate"], "it cannot hear us yet")
        stage.exit("front-2")
        stage.pass(.seconds(5))
        #expect(stage.said().signalled == ["front-1:terminate"])
        stage.pass(.seconds(2))
        #expect(stage.said().signalled == ["front-1:kill"])
        stage.exit("front-1", .signal(9))
        said = stage.said()
        #expect(said.stops == [back])
        #expect(!said.contains(.finished))
        stage.exit("back-1", .code(0))
        #expect(stage.said().suffix(2) == [.saveProcesses([]), .finished])
        #expect(stage.core.nextDeadline == nil)
    }

    @Test("Stopping starts nothing, whatever was waiting to be started")
    func stopWhileRestarting() {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.exit("back-1")
        _ = stage.said()
        stage.stop()
        stage.exit("front-1", .signal(15))
        #expect(stage.said().contains(.finished))
        stage.pass(.seconds(10))
        #expect(stage.said().isEmpty)
    }

    @Test("Killing takes everything at once")
    func kill() {
        var stage = HubStage(fronts: 1, backs: 1)
        stage.announce("front", "front-1")
        stage.stop()
        _ = stage.said()
        stage.core.kill(now: stage.now)
        stage.pass(.zero)
        stage.exit("front-1", .signal(9))
        stage.exit("back-1", .signal(9))
        let said = stage.said()
        #expect(said.signalled == ["front-1:kill", "back-1:kill"])
        #expect(said.contains(.finished))
    }

    @Test("A process that never announces itself is ended and started again")
    func startLimit() {
        var stage = HubStage(fronts: 1, backs: 0)
        _ = stage.said()
        stage.pass(.seconds(30))
        #expect(stage.said().signalled == ["front-1:terminate"])
        stage.exit("front-1", .signal(15))
        stage.pass(.milliseconds(70))
        #expect(stage.said().spawned == ["front-1"])
    }

    @Test("The status shows what processes reported, and forgets it with them")
    func reports() {
        var stage = HubStage(fronts: 1, backs: 1)
        let front = stage.announce("front", "front-1")
        let back = stage.announce("back", "back-1", families: ["a/*"])
        stage.core.reported(
            ProcessReport(sessions: 3, clients: [.init(session: "s", peer: "p", channels: ["a/1"])]), from: front)
        stage.core.reported(ProcessReport(channels: [.init(id: "a/2"), .init(id: "a/1", tick: 9)]), from: back)
        stage.core.reported(ProcessReport(sessions: 50), from: HubConnectionID(999))
        let status = stage.core.status(now: stage.now)
        #expect(status.clientCount == 3)
        #expect(status.clients.first?.front == "front-1")
        #expect(status.channels.map(\.id) == ["a/1", "a/2"])
        #expect(status.channels.first?.back == "back-1")
        #expect(status.channels.first?.epoch == stage.epochs["back-1"].map { "\($0)" })
        stage.exit("back-1")
        #expect(stage.core.status(now: stage.now).channels.isEmpty)
    }
}
