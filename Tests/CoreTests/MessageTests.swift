import Core
import State
import Testing

/// Messages between clients, fronts and backs, through whole clusters of cores.
@Suite("Messages")
struct MessageTests {
    /// So many that both of two backs own some.
    private static let rooms = (1...12).map { "room/\($0)" }

    private func notes(_ channel: String, _ cluster: CoreCluster) -> [String] {
        cluster.backs.flatMap { $0.core?.notes(channel) ?? [] }
    }

    /// A client at that front, once it holds all the rooms and may write to the first.
    private func join(
        _ rooms: [String], _ cluster: CoreCluster, front: Int = 0, writes: Bool = true
    ) throws -> CoreCluster.Client {
        let client = cluster.addClient(front: front)
        for room in rooms { try client.core.read(room, now: cluster.now) }
        if writes { try client.core.write(rooms[0], now: cluster.now) }
        #expect(
            cluster.pass {
                rooms.allSatisfy { client.core.room($0)?.lineage != nil } && (!writes || !client.grants.isEmpty)
            })
        return client
    }

    private func input(_ text: String, _ client: CoreCluster.Client, _ cluster: CoreCluster) throws {
        _ = client.core.send(Array(text.utf8), to: try #require(client.core.writer), now: cluster.now)
        let count = client.outcomes.count
        #expect(cluster.pass { client.outcomes.count > count })
    }

    private func say(
        _ text: String, to channels: [String], _ client: CoreCluster.Client, _ cluster: CoreCluster
    ) -> Bool { client.core.say(Array(text.utf8), to: channels, now: cluster.now) }

    private func id(_ client: CoreCluster.Client) throws -> SessionID { try #require(client.core.session) }

    private func drops(_ cluster: CoreCluster) -> UInt64 {
        cluster.backs.reduce(0) { $0 + ($1.core?.counters.messagesDropped ?? 0) }
            + cluster.fronts.reduce(0) { $0 + ($1.core?.counters.messagesDropped ?? 0) }
    }

    @Test("C15: what a client says reaches all the channels that it reads, or those named, once and with its session")
    func clientToBacks() throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, rule: Post.self)
        let client = try join(Self.rooms, cluster, writes: false)
        let owners = cluster.backs.map { $0.core?.channelStatus.count ?? 0 }
        #expect(owners.allSatisfy { $0 > 0 }, "the rooms lie in both backs: \(owners)")
        #expect(say("all", to: [], client, cluster))
        #expect(say("some", to: ["room/2", "room/3"], client, cluster))
        #expect(!say("none", to: ["room/99"], client, cluster))
        cluster.pass(.milliseconds(200))
        let name = Post.short(try id(client))
        for room in Self.rooms {
            let heard = notes(room, cluster).filter { $0.hasSuffix("by \(name)") }
            let isNamed = room == "room/2" || room == "room/3"
            #expect(heard == ["all by \(name)"] + (isNamed ? ["some by \(name)"] : []), "\(room)")
        }
        #expect(drops(cluster) == 0)
        #expect(cluster.faults == [])
    }

    @Test("C15, C16: a front speaks for itself to one channel, to listed ones and to all, linked or not")
    func frontToBacks() throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, rule: Post.self)
        _ = try join(["room/1", "room/2"], cluster)
        let front = cluster.fronts[0]
        for (room, isServed) in [("room/1", true), ("room/3", true), ("elsewhere", false)] {
            let isSent = front.core?.send(Array("one".utf8), to: try ChannelID(room), now: cluster.now)
            #expect(isSent == isServed, "\(room)")
        }
        let reached = cluster.fronts.map { $0.core?.sendToAll(Array("all".utf8), now: cluster.now) ?? 0 }
        #expect(reached[0] > 0)
        #expect(reached[1] == 0, "only what is linked is told everything")
        cluster.pass(.milliseconds(200))
        let heard = ["room/1", "room/2", "room/3"].map { notes($0, cluster).filter { $0.contains(" by ") } }
        #expect(heard == [["one by front-1", "all by front-1"], ["all by front-1"], ["one by front-1"]])
        #expect(drops(cluster) == 1)
    }

    @Test(
        "C10: a change of the right to write tells both rules once, with the options of the wish, also where a new grant begins by itself"
    )
    func writeOptions() throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, rule: Post.self)
        let client = try join(["room/1", "room/2"], cluster, writes: false)
        let name = Post.short(try id(client))
        func changes(_ room: String) -> [String] {
            notes(room, cluster).filter { $0.hasPrefix("writes ") || $0.hasPrefix("reads ") }
        }
        try client.core.write("room/1", options: Array("as white".utf8), now: cluster.now)
        #expect(cluster.pass { changes("room/1") == ["writes \(name) as white"] })
        try client.core.write("room/2", options: Array("enough".utf8), now: cluster.now)
        #expect(cluster.pass { changes("room/2") == ["writes \(name) enough"] })
        #expect(changes("room/1").dropFirst() == ["reads \(name) enough"])
        // Coming back through another front is no change.
        client.front = 1
        cluster.cut(client)
        cluster.pass(.seconds(2))
        #expect(client.core.room("room/2")?.isAttached == true)
        #expect(changes("room/2").count == 1)
        #expect(changes("room/1").count == 2)
        // A back that begins anew knows nothing: its rule is told as if it were the first time.
        let owner = try #require(
            cluster.backs.indices.first { cluster.backs[$0].core?.notes("room/2").isEmpty == false })
        cluster.killBack(owner)
        cluster.startBack(owner)
        #expect(cluster.pass { changes("room/2") == ["writes \(name) enough"] })
        try client.core.write(nil, options: Array("good night".utf8), now: cluster.now)
        #expect(cluster.pass { changes("room/2").last == "reads \(name) good night" })
        #expect(cluster.faults == [])
    }

    @Test("C10: options over 16 KiB of a wish to write are refused where they are given")
    func writeOptionsLimit() throws {
        let cluster = try CoreCluster(rule: Post.self)
        let client = try join(["room/1"], cluster)
        let most = [UInt8](repeating: 0x78, count: Limits.optionsBytes)
        #expect(throws: Farewell.self) { try client.core.write(nil, options: most + [0x78], now: cluster.now) }
        try client.core.write(nil, options: most, now: cluster.now)
        #expect(
            cluster.pass { notes("room/1", cluster).contains { $0.hasPrefix("reads ") && $0.utf8.count > most.count } })
        #expect(cluster.faults == [])
    }

    @Test("C27: a message finds its session at whatever front it is; the answer says whether it could be sent")
    func toOneSession() throws {
        let cluster = try CoreCluster(fronts: 2, rule: Post.self)
        let ann = try join(["room/1"], cluster, front: 0)
        let bob = try join(["room/1"], cluster, front: 0)
        let ben = try id(bob)
        try input("tell \(ben) first", ann, cluster)
        bob.front = 1
        cluster.cut(bob)
        cluster.killFront(1)
        try input("tell \(ben) away", ann, cluster)
        cluster.startFront(1)
        #expect(cluster.pass { bob.core.isConnected && bob.core.room("room/1")?.isAttached == true })
        try input("tell \(ben) second", ann, cluster)
        try input("tell 000102030405060708090a0b0c0d0e0f nobody", ann, cluster)
        cluster.pass(.milliseconds(200))
        #expect(bob.messages.map(\.text) == ["first", "second"])
        #expect(ann.messages.isEmpty)
        #expect(
            notes("room/1", cluster).filter { $0.hasPrefix("told") } == [
                "told true", "told false", "told true", "told false",
            ])
        #expect(drops(cluster) == 2)
        #expect(cluster.faults == [])
    }

    @Test(
        "C30: a channel's message reaches another one in the same back or in another, in a tick there, once, with its name"
    )
    func channelToChannel() throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, rule: Post.self)
        let ann = try join(["room/1"], cluster)
        for room in Self.rooms + ["room/new"] { try input("post \(room) hello", ann, cluster) }
        cluster.pass(.milliseconds(200))
        for room in Self.rooms + ["room/new"] {
            let heard = notes(room, cluster).filter { $0 == "hello by room/1" }
            #expect(heard.count == 1, "\(room)")
        }
        #expect(cluster.backs.allSatisfy { ($0.core?.channelStatus.count ?? 0) > 0 }, "both backs own some of them")
        try input("post elsewhere lost", ann, cluster)
        try input("post // wrong", ann, cluster)
        cluster.pass(.milliseconds(200))
        #expect(drops(cluster) == 2)
        // In order, and bounded: what one tick says too much is dropped and answered.
        try input("posts 5000 room/2", ann, cluster)
        cluster.pass(.milliseconds(200))
        let numbers = notes("room/2", cluster).filter { $0.hasSuffix(" by room/1") }.compactMap {
            Int($0.prefix { $0 != " " })
        }
        #expect(numbers == Array(0..<Limits.messagesPerLink))
        #expect(notes("room/1", cluster).last == "posted \(Limits.messagesPerLink)")
        #expect(drops(cluster) == 2 + UInt64(5000 - Limits.messagesPerLink))
    }

    @Test(
        "C37: a back that is gone leaves its readers connected with what they hold; they read its next life when it is back"
    )
    func backGone() throws {
        let cluster = try CoreCluster(fronts: 2, rule: Post.self)
        let clients = try [0, 1].map { try join(["room/1"], cluster, front: $0) }
        let lineages = clients.map { $0.core.room("room/1")?.lineage }
        cluster.killBack(0)
        cluster.pass(.seconds(1))
        for client in clients {
            #expect(client.core.isConnected)
            #expect(client.core.room("room/1")?.mirror.version ?? 0 > 0, "what it held stays visible")
            #expect(client.farewells.isEmpty)
        }
        cluster.startBack(0)
        #expect(
            cluster.pass {
                zip(clients, lineages).allSatisfy { client, old in
                    client.core.room("room/1")?.lineage != old && client.core.room("room/1")?.lineage != nil
                }
            })
        try input("tell \(try id(clients[1])) hello", clients[0], cluster)
        #expect(clients[1].messages.map(\.text) == ["hello"])
        #expect(cluster.faults == [])
    }

    @Test(
        "C37: a front that is gone costs its clients nothing: they go on at another, where their messages come from then on"
    )
    func frontGone() throws {
        let cluster = try CoreCluster(fronts: 2, rule: Post.self)
        let (ann, bob) = (try join(["room/1"], cluster, front: 0), try join(["room/1"], cluster, front: 1))
        let lineage = bob.core.room("room/1")?.lineage
        bob.front = 0
        cluster.killFront(1)
        #expect(cluster.pass { bob.core.room("room/1")?.isAttached == true })
        try input("tell \(try id(bob)) hello", ann, cluster)
        try input("tell \(try id(ann)) hello", bob, cluster)
        #expect(ann.messages.count == 1 && bob.messages.count == 1)
        #expect(bob.core.room("room/1")?.lineage == lineage)
        #expect(notes("room/1", cluster).filter { $0.hasPrefix("unlinked") } == ["unlinked front-2"])
        #expect(notes("room/1", cluster).filter { $0.hasPrefix("left") } == [])
        #expect(cluster.faults == [])
    }

    @Test("A client that says more than its share is not heard for the rest of the second, and the front counts it")
    func flood() throws {
        let cluster = try CoreCluster(rule: Post.self)
        let client = try join(["room/1"], cluster, writes: false)
        for number in 0..<300 { _ = say("\(number)", to: [], client, cluster) }
        cluster.pass(.milliseconds(100))
        #expect(notes("room/1", cluster).count { $0.contains(" by ") } == Limits.messagesPerSessionAndSecond)
        #expect(drops(cluster) == UInt64(300 - Limits.messagesPerSessionAndSecond))
        cluster.pass(.seconds(1))
        #expect(say("later", to: [], client, cluster))
        cluster.pass(.milliseconds(100))
        #expect(notes("room/1", cluster).last?.hasPrefix("later") == true)
    }

    @Test("What is said while the connection is away is not kept, and the client is told so")
    func away() throws {
        let cluster = try CoreCluster(rule: Post.self)
        let client = try join(["room/1"], cluster, writes: false)
        cluster.cut(client)
        #expect(!say("lost", to: [], client, cluster))
        #expect(cluster.pass { client.core.room("room/1")?.isAttached == true })
        #expect(say("heard", to: [], client, cluster))
        cluster.pass(.milliseconds(200))
        #expect(notes("room/1", cluster).filter { $0.contains(" by ") }.map { $0.prefix(5) } == ["heard"])
    }
}
