import Core
import State
import Testing

/// Clients against real fronts and backs, all pure, joined by pipes.
@Suite struct ClientCoreTests {
    static let room = "room/1"

    private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// A cluster with one client that writes to the room.
    private func writer(
        seed: UInt64 = 1, fronts: Int = 1, transport: ClientTransport = .plain, undecided: UndecidedPolicy = .resend
    ) throws -> (CoreCluster, CoreCluster.Client) {
        let cluster = try CoreCluster(fronts: fronts, seed: seed)
        let client = cluster.addClient(transport: transport) { $0.undecided = undecided }
        try client.core.write(Self.room, now: cluster.now)
        #expect(cluster.pass { client.core.room(Self.room)?.lineage != nil && !client.grants.isEmpty })
        return (cluster, client)
    }

    @discardableResult
    private func send(_ words: String, _ client: CoreCluster.Client, _ cluster: CoreCluster, to channel: String = room)
        -> InputTicket?
    {
        guard case .queued(let ticket) = client.core.send(text(words), to: channel, now: cluster.now) else {
            return nil
        }
        return ticket
    }

    private func digest(_ count: UInt64) -> UInt64 {
        count == 0 ? 0 : (1...count).reduce(0) { Ledger.digest($0, adding: $1) }
    }

    @Test(
        "a client reads, writes and holds what the back holds",
        arguments: [ClientTransport.plain, .webSocket(host: "here", path: "/connect")], [1, 2] as [UInt64])
    func readsAndWrites(_ transport: ClientTransport, _ seed: UInt64) throws {
        let (cluster, client) = try writer(seed: seed, transport: transport)
        if seed == 2 { cluster.delivery = .dripped }
        let ticket = try #require(send("add 1", client, cluster))
        send("put 5 77", client, cluster)
        #expect(cluster.pass { client.outcomes.count == 2 })
        guard case .acked(let tick)? = client.outcomes[ticket] else { Issue.record("not acked"); return }
        #expect(tick > 0)
        #expect(cluster.isCaughtUp(client, Self.room))
        #expect(cluster.account(client, Self.room)?.count == 1)
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test(
        "random inputs of many clients: every commit equals the back's state at its version",
        arguments: 1...8 as ClosedRange<UInt64>)
    func randomInputs(_ seed: UInt64) throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, seed: seed)
        var dice = Dice(seed: seed)
        let transports: [ClientTransport] = [.plain, .webSocket(host: "here", path: "/connect")]
        let rooms = ["room/1", "room/10", "room/2"]
        if seed % 2 == 0 { cluster.delivery = .dripped }
        for number in 0..<6 {
            let client = cluster.addClient(front: number % 2, transport: transports[number % 2])
            for room in rooms { try client.core.read(room, now: cluster.now) }
            try client.core.write(rooms[number % 3], now: cluster.now)
        }
        for _ in 0..<60 {
            for client in cluster.clients {
                let key = Int.random(in: 0..<20, using: &dice)
                switch Int.random(in: 0..<8, using: &dice) {
                case 0: send("drop \(key)", client, cluster, to: client.core.writer!)
                case 1: send("same", client, cluster, to: client.core.writer!)
                case 2: client.isReading.toggle()
                default:
                    send(
                        "put \(key) \(Int.random(in: 0..<1000, using: &dice))", client, cluster, to: client.core.writer!
                    )
                }
            }
            cluster.pass(.milliseconds(Int64.random(in: 5...120, using: &dice)))
        }
        #expect(cluster.clients.allSatisfy { $0.gapCount == 0 && $0.commits.count == 3 })
        for client in cluster.clients { client.isReading = true }
        let isEqual = cluster.pass {
            cluster.clients.allSatisfy { client in rooms.allSatisfy { cluster.isCaughtUp(client, $0) } }
        }
        #expect(isEqual)
        #expect(cluster.faults.isEmpty, "seed \(seed): \(cluster.faults)")
    }

    @Test(
        "connections killed at random moments: nothing is lost and nothing is applied twice",
        arguments: 1...12 as ClosedRange<UInt64>)
    func killedConnections(_ seed: UInt64) throws {
        let (cluster, client) = try writer(seed: seed, fronts: 2)
        var dice = Dice(seed: seed)
        if seed % 3 == 0 { cluster.delivery = .dripped }
        var sent: UInt64 = 0
        for _ in 0..<80 {
            for _ in 0..<Int.random(in: 0...4, using: &dice) {
                sent += 1
                #expect(send("add \(sent)", client, cluster) != nil)
            }
            switch Int.random(in: 0..<6, using: &dice) {
            case 0:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cut(client, delivering: Int.random(in: 0...60, using: &dice))
            case 1:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cutUnnoticed(client)
            default: break
            }
            cluster.pass(.milliseconds(Int64.random(in: 1...90, using: &dice)))
        }
        #expect(cluster.pass { client.outcomes.count == Int(sent) }, "\(client.outcomes.count) of \(sent)")
        #expect(client.count { if case .acked = $0 { true } else { false } } == Int(sent))
        #expect(cluster.pass { cluster.isCaughtUp(client, Self.room) })
        #expect(cluster.account(client, Self.room)?.count == Int64(sent))
        #expect(cluster.account(client, Self.room)?.digest == digest(sent))
        #expect(cluster.faults.isEmpty, "seed \(seed): \(cluster.faults)")
    }

    @Test("300 inputs in a row that change nothing are all acked")
    func changeNothing() throws {
        let (cluster, client) = try writer()
        let version = client.core.room(Self.room)?.version
        for _ in 0..<300 { send("same", client, cluster) }
        #expect(cluster.pass { client.outcomes.count == 300 })
        #expect(client.count { if case .acked = $0 { true } else { false } } == 300)
        #expect(client.core.room(Self.room)?.version == version)
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("a refused input keeps its number, and those around it are applied")
    func refused() throws {
        let (cluster, client) = try writer()
        let tickets = ["add 1", "steal", "add 2", "steal", "add 3"].map { send($0, client, cluster)! }
        #expect(cluster.pass { client.outcomes.count == 5 })
        #expect(client.outcomes[tickets[1]] == .refused("not in the book"))
        #expect(client.outcomes[tickets[3]] == .refused("not in the book"))
        #expect(cluster.account(client, Self.room)?.digest == digest(3))
    }

    @Test("an input that was refused while the connection was away is refused, not sent again", arguments: 0..<40)
    func refusedWhileAway(_ bytes: Int) throws {
        let (cluster, client) = try writer()
        let tickets = ["add 1", "steal", "add 2"].map { send($0, client, cluster)! }
        client.isReading = false
        cluster.pass(.milliseconds(120))
        client.isReading = true
        cluster.cut(client, delivering: bytes * 3)
        #expect(cluster.pass { client.outcomes.count == 3 })
        guard case .refused? = client.outcomes[tickets[1]] else { Issue.record("\(client.outcomes)"); return }
        #expect(cluster.pass { cluster.account(client, Self.room)?.digest == digest(2) })
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("a cut between a section and its mark commits nothing")
    func cutBeforeMark() throws {
        let (cluster, client) = try writer()
        let before = try #require(client.core.room(Self.room))
        var wasCut = false
        client.cut = { bytes in
            bytes.withUnsafeBytes { buffer in
                var cursor = FrameCursor(buffer, limit: Limits.nodeFrameBytes)
                while let frame = try? cursor.next() {
                    if frame.kind == .section {
                        wasCut = true
                        return cursor.consumed
                    }
                }
                return nil
            }
        }
        send("put 1 1", client, cluster)
        #expect(cluster.pass { wasCut })
        #expect(client.core.room(Self.room)?.version == before.version)
        #expect(client.core.room(Self.room)?.mirror.encoded() == before.mirror.encoded())
        #expect(cluster.pass { cluster.isCaughtUp(client, Self.room) && client.outcomes.count == 1 })
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("the right to write moves between channels, and what was sent before is acked")
    func movesGrant() throws {
        let (cluster, client) = try writer()
        for round in 0..<6 {
            let (from, to) = round % 2 == 0 ? ("room/1", "room/2") : ("room/2", "room/1")
            for _ in 0..<10 { send("add 1", client, cluster, to: from) }
            cluster.settle()
            try client.core.write(to, now: cluster.now)
            #expect(send("add 1", client, cluster, to: from) == nil)
            send("add 2", client, cluster, to: to)
            let granted = cluster.now
            #expect(cluster.pass { client.outcomes.count == (round + 1) * 11 })
            #expect(cluster.now.since(granted) < .milliseconds(500))
        }
        #expect(client.count { if case .acked = $0 { true } else { false } } == 66)
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("what is still said of a grant whose inputs were given up is not about those that came since")
    func abandonedGrant() throws {
        let (cluster, client) = try writer()
        for _ in 0..<3 { send("add 1", client, cluster) }
        #expect(cluster.pass { client.outcomes.count == 3 })
        client.isReading = false
        cluster.cutTrunks()
        cluster.pass(.seconds(1))
        for _ in 0..<3 { send("add 1", client, cluster) }
        cluster.pass(.seconds(1))
        // The front has said the grant once more, and acks under it; the client has read none of it.
        try client.core.write(nil, now: cluster.now)
        cluster.pass(.seconds(11))
        #expect(client.count { $0 == .undecided } == 3)
        try client.core.write(Self.room, now: cluster.now)
        let tickets = try (0..<3).map { _ in try #require(send("add 1", client, cluster)) }
        client.isReading = true
        #expect(cluster.pass { client.outcomes.count == 9 && cluster.isCaughtUp(client, Self.room) })
        for ticket in tickets {
            guard case .acked? = client.outcomes[ticket] else { Issue.record("not acked"); continue }
        }
        #expect(cluster.account(client, Self.room)?.count == 9)
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("a newer attach elsewhere ends the older client for good")
    func superseded() throws {
        let (cluster, client) = try writer(fronts: 2)
        let other = cluster.addClient(front: 1) {
            $0.token = client.core.token
            $0.attach = client.core.attach
        }
        try other.core.write(Self.room, now: cluster.now)
        #expect(cluster.pass { client.core.isStopped && other.core.isConnected })
        guard case .stopped(.superseded, _)? = client.statuses.last else { Issue.record("\(client.statuses)"); return }
        #expect(other.core.session == client.core.session)
        send("add 1", other, cluster)
        #expect(cluster.pass { other.outcomes.count == 1 })
        cluster.pass(.seconds(5))
        #expect(client.core.isStopped && other.core.isConnected)
    }

    @Test("a front is killed: its clients go on at another, and nothing is lost")
    func frontKilled() throws {
        let (cluster, client) = try writer(fronts: 2)
        for number in 1...40 { send("add \(number)", client, cluster) }
        cluster.settle()
        client.front = 1
        cluster.killFront(0)
        let killed = cluster.now
        #expect(cluster.pass { client.outcomes.count == 40 })
        #expect(cluster.now.since(killed) < .seconds(2))
        #expect(cluster.pass { cluster.account(client, Self.room)?.digest == digest(40) })
        #expect(client.grants.allSatisfy { $0.1 == client.grants[0].1 })
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test(
        "a back begins anew: a new lineage, a new grant, and what was under way is undecided or sent again",
        arguments: [
            UndecidedPolicy.report, .resend,
        ])
    func backRestarted(_ policy: UndecidedPolicy) throws {
        let (cluster, client) = try writer(undecided: policy)
        send("put 1 1", client, cluster)
        #expect(cluster.pass { client.outcomes.count == 1 })
        let before = try #require(client.core.room(Self.room)?.lineage)
        for number in 1...5 { send("add \(number)", client, cluster) }
        cluster.settle()
        cluster.killBack(0)
        cluster.pass(.milliseconds(300))
        #expect(client.core.isConnected)
        #expect(client.core.room(Self.room)?.mirror.table("cells")?.count == 1)
        cluster.startBack(0)
        #expect(cluster.pass { client.outcomes.count == 6 && cluster.isCaughtUp(client, Self.room) })
        #expect(client.core.room(Self.room)?.lineage != before)
        #expect(client.core.room(Self.room)?.mirror.table("cells")?.count == 0)
        #expect(client.grants.last?.isNew == true)
        switch policy {
        case .report: #expect(client.count { $0 == .undecided } == 5)
        case .resend: #expect(cluster.account(client, Self.room)?.digest == digest(5))
        }
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("a channel that refuses says why, and is not asked again")
    func channelRefuses() throws {
        let cluster = try CoreCluster(clients: 1)
        let client = cluster.clients[0]
        try client.core.read(Self.room, options: text("stranger"), now: cluster.now)
        #expect(cluster.pass { !client.farewells.isEmpty })
        #expect(client.farewells[0].1 == Farewell(.refused, "no strangers"))
        cluster.pass(.seconds(3))
        #expect(client.farewells.count == 1)
        try client.core.read("elsewhere/1", now: cluster.now)
        #expect(cluster.pass { client.farewells.count > 1 })
        #expect(client.farewells[1].1.code == .unknownChannel)
    }

    @Test("messages come in order with the state, and a slow client's are bounded")
    func messages() throws {
        let (cluster, client) = try writer()
        let other = cluster.addClient()
        try other.core.read(Self.room, now: cluster.now)
        #expect(cluster.pass { other.core.room(Self.room)?.lineage != nil })
        for number in 0..<20 { send("put 1 \(number)", client, cluster); send("tell \(number)", client, cluster) }
        send("say me", client, cluster)
        #expect(cluster.pass { client.messages.count == 21 && other.messages.count == 20 })
        #expect(other.messages.map(\.text) == (0..<20).map(String.init))
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("unread stops a channel; goodbye ends the session")
    func leaves() throws {
        let (cluster, client) = try writer()
        try client.core.read("room/2", now: cluster.now)
        #expect(cluster.pass { client.core.room("room/2")?.lineage != nil })
        client.core.unread("room/2", now: cluster.now)
        cluster.pass(.milliseconds(200))
        let sections = client.core.counters.sections
        send("put 1 1", client, cluster)
        #expect(cluster.pass { client.outcomes.count == 1 })
        #expect(client.core.counters.sections > sections)
        client.core.close(now: cluster.now)
        cluster.pass(.milliseconds(200))
        #expect(client.core.isStopped)
        #expect(cluster.backs[0].core?.channelStatus.allSatisfy { $0.sessionCount == 0 } == true)
    }

    @Test("a forged token is not taken, and the client begins a session of its own")
    func forgedToken() throws {
        let cluster = try CoreCluster()
        let client = cluster.addClient { $0.token = [UInt8](repeating: 1, count: 80) }
        #expect(cluster.pass { client.core.isConnected })
        #expect(client.core.token != [UInt8](repeating: 1, count: 80))
        guard case .waiting(_, .unproven, _)? = client.statuses.dropFirst().first else {
            Issue.record("\(client.statuses)")
            return
        }
    }

    @Test("a client whose rows are not the back's finds out by the state's hash and reads the channel anew")
    func disagreement() throws {
        let (cluster, client) = try writer()
        let other = cluster.addClient()
        try other.core.write(Self.room, now: cluster.now)
        #expect(cluster.pass { !other.grants.isEmpty && cluster.isCaughtUp(client, Self.room) })
        var isTampering = true
        client.tamper = { bytes in
            guard isTampering else { return bytes }
            var changed = bytes
            var offset = 0
            bytes.withUnsafeBytes { buffer in
                var cursor = FrameCursor(buffer, limit: Limits.nodeFrameBytes)
                while let frame = try? cursor.next() {
                    offset += frame.whole.count
                    guard frame.kind == .section else { continue }
                    // The last byte of a section is the low end of a value: still a value, but another one.
                    changed[offset - 1] ^= 1
                    isTampering = false
                    return
                }
            }
            return changed
        }
        send("add 1", other, cluster)
        #expect(cluster.pass { !isTampering && other.outcomes.count == 1 })
        for number in 1...70 {
            send("add \(number)", client, cluster)
            #expect(cluster.pass { client.outcomes.count == number })
            if client.core.counters.disagreements == 0, number < 40 {
                #expect(!cluster.isCaughtUp(client, Self.room), "the other's row is wrong, and nothing says so yet")
            }
        }
        #expect(client.core.counters.disagreements == 1)
        #expect(cluster.pass { cluster.isCaughtUp(client, Self.room) })
        #expect(cluster.account(client, Self.room)?.digest == digest(70))
    }

    @Test("a gap is read again from nothing, without leaving the channel")
    func gap() throws {
        let (cluster, client) = try writer()
        send("add 1", client, cluster)
        #expect(cluster.pass { client.outcomes.count == 1 })
        var isTampering = true
        client.tamper = { bytes in
            guard isTampering else { return bytes }
            var kept: [UInt8] = []
            bytes.withUnsafeBytes { buffer in
                var cursor = FrameCursor(buffer, limit: Limits.nodeFrameBytes)
                while let frame = try? cursor.next() {
                    if frame.kind == .section || frame.kind == .mark {
                        isTampering = false
                    } else {
                        kept += frame.whole
                    }
                }
            }
            return kept
        }
        send("add 2", client, cluster)
        #expect(cluster.pass { !isTampering })
        send("add 3", client, cluster)
        #expect(cluster.pass { client.gapCount == 1 && cluster.isCaughtUp(client, Self.room) })
        send("add 4", client, cluster)
        #expect(cluster.pass { client.outcomes.count == 4 && cluster.isCaughtUp(client, Self.room) })
        #expect(cluster.account(client, Self.room)?.digest == digest(4))
        #expect(client.grants.allSatisfy { $0.1 == client.grants[0].1 })
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test(
        "a state larger than a frame comes in pieces",
        arguments: [
            ClientTransport.plain, .webSocket(host: "here", path: "/connect"),
        ])
    func pieces(_ transport: ClientTransport) throws {
        let (cluster, client) = try writer(transport: transport)
        for key in 0..<12 { send("fill \(key) 50000", client, cluster) }
        #expect(cluster.pass { client.outcomes.count == 12 })
        let size = try #require(cluster.state(of: Self.room)?.1.count)
        #expect(size > Limits.sectionBytes)
        let late = cluster.addClient(front: 0, transport: transport)
        try late.core.read(Self.room, now: cluster.now)
        #expect(cluster.pass { cluster.isCaughtUp(late, Self.room) })
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test("inputs that are carried over for many ticks do not use up a link's credit")
    func creditComesBack() throws {
        let (cluster, client) = try writer()
        let padding = String(repeating: " ", count: 1000)
        for round in 1...24 {
            for _ in 0..<256 { send("same" + padding, client, cluster) }
            #expect(cluster.pass { client.outcomes.count == round * 256 })
        }
        #expect(client.count { if case .acked = $0 { true } else { false } } == 24 * 256)
    }
}
