import Core
import State
import Testing

/// Rows that move, readers that come and go, and what each of them is sent.
@Suite("Audiences, from the rule to the reader")
struct AudienceTests {
    private func cluster(fronts: Int = 1, clients: Int, hashPeriod: Int = 1) throws -> CoreCluster {
        let cluster = try CoreCluster(
            fronts: fronts, settings: ChannelSettings(rate: .hertz(20), hashPeriod: hashPeriod), rule: Crossing.self,
            audienceLimit: 12)
        for place in 0..<clients {
            try cluster.addClient(front: place % fronts).core.write("room/1", now: cluster.now)
        }
        cluster.pass(.milliseconds(300))
        return cluster
    }

    private func say(_ text: String, _ client: Int, in cluster: CoreCluster) {
        let offer = cluster.clients[client].core.send(Array(text.utf8), to: "room/1", now: cluster.now)
        if case .refused(let reason) = offer { Issue.record("'\(text)': \(reason)") }
        cluster.pass(.milliseconds(100))
    }

    private func stones(_ client: Int, in cluster: CoreCluster) -> [Int] {
        guard let room = cluster.clients[client].core.room("room/1") else { return [] }
        return room.mirror.table("stones", key: Int.self, row: Crossing.Stone.self).keys.sorted()
    }

    private func isWell(_ cluster: CoreCluster) throws -> Bool {
        try cluster.clients.allSatisfy { client in
            guard let session = client.core.session, let room = client.core.room("room/1") else { return false }
            return try room.mirror.encodedUnion() == cluster.union(of: "room/1", for: session)
        } && cluster.faults.isEmpty
    }

    @Test(
        "a row that moves between audiences is a change to who is in both, comes and goes for who is in one, and is nothing to others"
    )
    func moves() throws {
        let cluster = try cluster(clients: 4)
        for (client, names) in [(0, ["red", "blue"]), (1, ["red"]), (2, ["blue"])] {
            for name in names { say("enter \(name)", client, in: cluster) }
        }
        say("row 5 red", 3, in: cluster)
        #expect((0...3).map { stones($0, in: cluster).contains(5) } == [true, true, false, false])
        let before = cluster.clients.map { $0.commitCount }
        say("row 5 blue", 3, in: cluster)
        #expect((0...3).map { stones($0, in: cluster).contains(5) } == [true, false, true, false])
        #expect(
            zip(before, cluster.clients).map { $1.commitCount - $0 } == [1, 1, 1, 0], "who sees neither is sent nothing"
        )
        say("row 5 nobody", 3, in: cluster)
        #expect((0...3).map { stones($0, in: cluster).contains(5) } == [false, false, false, false])
        say("row 5 mine", 3, in: cluster)
        #expect((0...3).map { stones($0, in: cluster).contains(5) } == [false, false, false, true])
        say("row 5 everyone", 3, in: cluster)
        #expect((0...3).map { stones($0, in: cluster).contains(5) } == [true, true, true, true])
        #expect(try isWell(cluster))
    }

    @Test("entering brings what is there, leaving takes it away, and a mirror changes at the mark only")
    func entering() throws {
        let cluster = try cluster(clients: 2)
        #expect(stones(0, in: cluster) == [0])
        say("enter red", 0, in: cluster)
        #expect(stones(0, in: cluster) == [0, 1] && stones(1, in: cluster) == [0])
        say("leave red", 0, in: cluster)
        #expect(stones(0, in: cluster) == [0])
        say("enter red", 0, in: cluster)
        say("row 1 blue", 1, in: cluster)
        #expect(stones(0, in: cluster) == [0])
        #expect(try isWell(cluster))
        // What was of another audience never came to who was not in it.
        #expect(cluster.clients[1].core.counters.sections == 1)
    }

    @Test("a member that was away is caught up in what it kept, gets what it entered whole and loses what it left")
    func away() throws {
        let cluster = try cluster(fronts: 2, clients: 2)
        for name in ["red", "blue"] { say("enter \(name)", 0, in: cluster) }
        let held = cluster.clients[0].core.room("room/1")?.mirror.audiences
        #expect(held == [0, 1, 2])
        let client = cluster.clients[0]
        // An input that is on its way when the connection breaks does what it does while the client is away.
        _ = client.core.send(Array("leave blue".utf8), to: "room/1", now: cluster.now)
        _ = client.core.send(Array("enter green".utf8), to: "room/1", now: cluster.now)
        cluster.settle()
        client.front = 1
        cluster.cut(client)
        for move in ["row 7 green", "row 8 blue", "bump 1"] { say(move, 1, in: cluster) }
        cluster.pass(.seconds(1))
        #expect(client.core.room("room/1")?.mirror.audiences == [0, 1, 3])
        #expect(stones(0, in: cluster) == [0, 1, 7])
        #expect(try isWell(cluster))
    }

    @Test(
        "ten seconds after the last member has left, back and front let go of an audience; until then nothing is sent twice"
    )
    func lingering() throws {
        let cluster = try cluster(clients: 2)
        let snapshots = { cluster.backs[0].core?.counters.snapshots ?? 0 }
        say("enter red", 0, in: cluster)
        let first = snapshots()
        say("leave red", 0, in: cluster)
        cluster.pass(.seconds(8))
        say("bump 1", 1, in: cluster)
        say("enter red", 0, in: cluster)
        #expect(snapshots() == first, "the front went on with it, and had what the client needed")
        say("leave red", 0, in: cluster)
        cluster.pass(.seconds(9))
        let sections = { cluster.backs[0].core?.counters.sections ?? 0 }
        var before = sections()
        say("bump 1", 1, in: cluster)
        #expect(sections() == before + 1)
        cluster.pass(.seconds(2))
        #expect(cluster.backs[0].core?.counters.audiencesDropped == 1)
        #expect(cluster.fronts[0].core?.counters.audiencesDropped == 1)
        before = sections()
        say("bump 1", 1, in: cluster)
        #expect(sections() == before, "nobody there is in it")
        say("enter red", 0, in: cluster)
        #expect(snapshots() == first + 1)
        #expect(try isWell(cluster))
        #expect(cluster.fronts[0].core?.counters.gaps == 0)
    }

    @Test("a trunk that does not keep up gets one squash an audience, and all of those that were entered meanwhile")
    func congested() throws {
        let cluster = try cluster(clients: 3)
        say("enter red", 0, in: cluster)
        cluster.setCongested(0, true)
        for move in ["bump 1", "bump 1", "row 4 blue", "row 1 blue"] { say(move, 1, in: cluster) }
        say("enter blue", 2, in: cluster)
        say("row 1 red", 1, in: cluster)
        let sections = cluster.backs[0].core?.counters.sections ?? 0
        cluster.setCongested(0, false)
        cluster.pass(.milliseconds(100))
        #expect((cluster.backs[0].core?.counters.sections ?? 0) - sections == 2, "red squashed, blue whole")
        #expect(stones(0, in: cluster) == [0, 1] && stones(2, in: cluster) == [0, 4])
        #expect(try isWell(cluster))
    }

    @Test("a reader that is slow is squashed an audience, and moves with its audiences all the same")
    func slow() throws {
        let cluster = try cluster(clients: 2)
        say("enter red", 0, in: cluster)
        let client = cluster.clients[0]
        client.isReading = false
        for _ in 0..<50 { say("bump 1", 1, in: cluster) }
        say("row 6 green", 1, in: cluster)
        say("row 1 everyone", 1, in: cluster)
        client.isReading = true
        cluster.pass(.milliseconds(200))
        #expect(try isWell(cluster))
        #expect(client.core.counters.commits < 10)
    }

    @Test("a session's own audience is there without entering, with its rows, and is forgotten with the session")
    func own() throws {
        let cluster = try cluster(clients: 2)
        say("row 9 mine", 0, in: cluster)
        #expect(stones(0, in: cluster).contains(9) && !stones(1, in: cluster).contains(9))
        cluster.clients[0].core.close(now: cluster.now)
        cluster.pass(.milliseconds(200))
        #expect(!stones(1, in: cluster).contains(9))
        #expect(cluster.clients[1].core.room("room/1")?.mirror.audiences == [0])
        #expect(cluster.faults.isEmpty)
    }

    @Test(
        "a text client gets the rows of its audiences together, everything anew when they change, and no lineage to come back with"
    )
    func texts() throws {
        var stage = FrontStage(Crossing.self)
        let (ann, bob) = (stage.join(.text), stage.join(.plain))
        let granted = try #require(stage[ann].texts.first { $0.contains("granted") })
        let words = granted.split(separator: "\"").map { String($0) }
        let grant = try #require(words.first { $0.count > 15 && $0.allSatisfy(\.isNumber) })
        func patch(after step: (inout FrontStage) -> Void) throws -> String {
            stage.clear(ann)
            step(&stage)
            stage.pass(.milliseconds(100))
            let patches = stage[ann].texts.filter { $0.contains("patch") }
            #expect(patches.count == 1, "\(stage[ann].texts)")
            return patches.first ?? ""
        }
        func say(_ number: Int, _ words: String) -> (inout FrontStage) -> Void {
            { $0.text("{\"input\":{\"grant\":\"\(grant)\",\"seq\":\(number),\"data\":\"\(words)\"}}", on: ann) }
        }
        let entered = try patch(after: say(1, "enter red"))
        #expect(entered.contains("\"lineage\":null,\"base\":null"))
        #expect(entered.contains("for all") && entered.contains("for the red"))
        let bumped = try patch { $0.inputs([1], on: bob, "bump 1") }
        #expect(bumped.contains("\"set\":{\"stones\":{\"1\":{\"weight\":1}}},\"remove\":{}"))
        #expect(bumped.contains("\"lineage\":null,\"base\":") && !bumped.contains("\"base\":null"))
        let moved = try patch { $0.inputs([2], on: bob, "row 1 everyone") }
        #expect(moved.contains("{\"1\":{\"weight\":1,\"text\":\"for the red\"}}},\"remove\":{}"))
        let gone = try patch { $0.inputs([3], on: bob, "row 1 blue") }
        #expect(gone.contains("\"set\":{},\"remove\":{\"stones\":[\"1\"]}"))
        stage.clear(ann)
        stage.inputs([4], on: bob, "bump 1")
        stage.pass(.milliseconds(100))
        #expect(stage[ann].texts.isEmpty, "it may not see that")
        let left = try patch(after: say(2, "leave red"))
        #expect(left.contains("\"base\":null") && !left.contains("\"lineage\":null"))
    }

    @Test("a message is told when the version it names is held, also by who was sent nothing of that tick")
    func messages() throws {
        let cluster = try cluster(clients: 2)
        say("row 3 red", 0, in: cluster)
        _ = cluster.clients[0].core.send(Array("bump 3".utf8), to: "room/1", now: cluster.now)
        say("tell hello", 0, in: cluster)
        for client in cluster.clients { #expect(client.messages.map(\.text) == ["hello"]) }
    }

    @Test("a hash that disagrees is heard of by the operator of front and back, and healed")
    func disagreement() throws {
        let cluster = try cluster(clients: 2)
        say("enter red", 0, in: cluster)
        // One bit of a section's hash, on its way to the client.
        let client = cluster.clients[0]
        client.tamper = { bytes in
            guard let at = bytes.firstRange(of: [UInt8](hexBytes: "30 01 01"))?.lowerBound else { return bytes }
            var bytes = bytes
            bytes[at + 8] ^= 1
            return bytes
        }
        _ = client.core.send(Array("bump 1".utf8), to: "room/1", now: cluster.now)
        cluster.pass(.milliseconds(60))
        client.tamper = nil
        cluster.pass(.milliseconds(200))
        #expect(client.core.counters.disagreements == 1)
        #expect(cluster.fronts[0].core?.counters.disagreements == 1)
        #expect(cluster.backs[0].core?.counters.disagreements == 1)
        #expect(cluster.backs[0].core?.takeDisagreements().map(\.1.audience.rawValue) == [1])
        let session = try #require(client.core.session)
        #expect(try client.core.room("room/1")?.mirror.encodedUnion() == cluster.union(of: "room/1", for: session))
    }
}

extension [UInt8] {
    fileprivate init(hexBytes: String) { self = hexBytes.split(separator: " ").compactMap { UInt8($0, radix: 16) } }
}
