import Core
import State
import Testing

/// What hub-simulate found in the cores, each in as few steps as it takes.
@Suite struct SimulatorFindingsTests {
    /// A client that reads two channels, and so has the same member number on two links.
    private func readerOfTwo(_ stage: inout FrontStage) -> ConnectionID {
        let id = stage.connect(.plain)
        let hello = Hello(
            attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "room/1"), Read(channel: "room/2")],
            write: "room/1")
        stage.frame(.hello, on: id) { hello.encode(into: &$0) }
        stage.pass(.milliseconds(200))
        return id
    }

    /// The back lets a channel go for now.
    private func end(_ channel: String, of id: ConnectionID, _ stage: inout FrontStage) throws {
        let said = try #require(stage[id].frames.last { $0.hasPrefix("attachedClient ") && $0.contains(channel) })
        let field = try #require(said.split(separator: " ").first { $0.hasPrefix("link=") })
        let number = try #require(UInt64(field.dropFirst(5)))
        let unlinked = Unlinked(link: LinkNumber(rawValue: number), farewell: Farewell(.overloaded, "for now"))
        stage.backSays(.unlinked) { unlinked.encode(into: &$0) }
    }

    private func readAgain(_ channel: String, on id: ConnectionID, _ stage: inout FrontStage) {
        stage.frame(.read, on: id) { Read(channel: channel).encode(into: &$0) }
        stage.pass(.milliseconds(200))
    }

    @Test(
        "Of two reads with one member number the one whose link ends is over, and both can be read again",
        arguments: [["room/1"], ["room/2"], ["room/2", "room/1"]])
    func memberNumbers(_ channels: [String]) throws {
        var stage = FrontStage()
        let id = readerOfTwo(&stage)
        for (place, channel) in channels.enumerated() {
            try end(channel, of: id, &stage)
            let told = stage[id].frames.filter { $0.hasPrefix("unlinkedClient ") }
            #expect(told.count == place + 1)
            #expect(told.last?.contains(channel) == true, "\(told)")
        }
        for channel in channels { readAgain(channel, on: id, &stage) }
        #expect(stage[id].kinds.count { $0 == "attachedClient" } == 2 + channels.count)
        stage.inputs([1], on: id)
        stage.pass(.milliseconds(100))
        #expect(stage[id].field("highest", of: "ackedClient") == "1")
        #expect(!stage[id].isClosed)
    }

    @Test("A link that ends for now leaves the wish to write: who reads again has the same grant")
    func writeWish() throws {
        var stage = FrontStage()
        let id = readerOfTwo(&stage)
        let grant = try #require(stage[id].field("grant", of: "grantedClient"))
        stage.inputs([1], on: id)
        stage.pass(.milliseconds(100))
        try end("room/1", of: id, &stage)
        stage.clear(id)
        readAgain("room/1", on: id, &stage)
        #expect(stage[id].field("grant", of: "grantedClient") == grant)
        #expect(stage[id].field("highest", of: "grantedClient") == "1")
    }

    @Test(
        "Who wants to write elsewhere and then reads that no more is still told what became of the old grant's inputs")
    func readsTheNewChannelNoMore() throws {
        var stage = FrontStage()
        let id = readerOfTwo(&stage)
        stage.inputs([1], on: id)
        let wish = ClientWish(channel: "room/2")
        stage.frame(.write, on: id) { wish.encode(into: &$0) }
        stage.frame(.unread, on: id) { $0.text("room/2") }
        stage.pass(.milliseconds(200))
        #expect(stage[id].field("highest", of: "ackedClient") == "1")
        #expect(stage.front.counters.revocationsTimedOut == 0)
    }

    @Test("An input of a grant that was given back is not said again under the next one, and not applied twice")
    func grantGivenBack() throws {
        let cluster = try CoreCluster()
        let client = cluster.addClient { $0.undecided = .resend }
        let room = "room/1"
        try client.core.write(room, now: cluster.now)
        #expect(cluster.pass { !client.grants.isEmpty })
        client.isReading = false
        _ = client.core.send(Array("add 1".utf8), to: room, now: cluster.now)
        cluster.pass(.milliseconds(200))
        try client.core.write(nil, now: cluster.now)
        cluster.pass(.milliseconds(200))
        // What was decided, and that the grant is back, never arrive.
        cluster.cut(client)
        client.isReading = true
        try client.core.write(room, now: cluster.now)
        #expect(cluster.pass { client.grants.count == 2 && client.outcomes.count == 1 })
        #expect(client.grants.last?.isNew == true)
        #expect(client.count { $0 == .undecided } == 1)
        cluster.pass(.milliseconds(500))
        #expect(cluster.account(client, room)?.count == 1)
        #expect(cluster.faults.isEmpty, "\(cluster.faults)")
    }

    @Test(
        "A message waits behind the state that it names; when its reader will not be brought there it is dropped",
        arguments: [FrontStage.Language.plain, .text], [false, true])
    func messageOfLostState(_ language: FrontStage.Language, breaks: Bool) throws {
        var stage = FrontStage()
        let slow = stage.join(language)
        let writer = stage.join(.plain)
        stage.clear(slow)
        // Its kernel holds something; what comes now waits in the front.
        stage.front.blocked(slow, now: stage.now)
        stage.blocked = [slow]
        stage.inputs([1], on: writer, "a line")
        stage.inputs([2], on: writer, ">bye")
        stage.pass(.milliseconds(200))
        #expect(stage[writer].kinds.contains("message"))
        if breaks { stage.breakTrunk() }
        stage.blocked = []
        stage.front.drained(slow, now: stage.now)
        stage.pump()
        stage.pass(.milliseconds(500))
        let heard = stage[slow].kinds.contains("message") || stage[slow].texts.contains { $0.contains("\"message\"") }
        #expect(heard == !breaks, "\(stage[slow].frames) \(stage[slow].texts)")
        #expect(stage.front.counters.messagesDropped == (breaks ? 1 : 0))
        // The state itself comes in both cases.
        #expect(
            stage[slow].frames.contains { $0.hasPrefix("mark ") }
                || stage[slow].texts.contains { $0.contains("\"patch\"") })
    }

    @Test(
        "Who is closed while a message waits for its state is not told the message",
        arguments: [FrontStage.Language.plain, .text])
    func messageBehindAClose(_ language: FrontStage.Language) {
        var stage = FrontStage()
        let slow = stage.join(language)
        let writer = stage.join(.plain)
        stage.clear(slow)
        stage.front.blocked(slow, now: stage.now)
        stage.blocked = [slow]
        stage.inputs([1], on: writer, "a line")
        stage.inputs([2], on: writer, ">bye")
        stage.pass(.milliseconds(200))
        #expect(stage[writer].kinds.contains("message"))
        stage.front.stop(Farewell(.goingAway, "the front stops"), now: stage.now)
        stage.blocked = []
        stage.front.drained(slow, now: stage.now)
        stage.pump()
        #expect(!stage[slow].kinds.contains("message") && !stage[slow].texts.contains { $0.contains("\"message\"") })
        #expect(stage[slow].kinds.contains("bye") || stage[slow].texts.contains { $0.contains("\"bye\"") })
        #expect(stage.front.counters.messagesDropped == 1)
    }

    @Test(
        "A front that stops says goodbye to backs that have let it in, and nothing into a handshake",
        arguments: [false, true])
    func goodbye(isOpen: Bool) {
        var front: FrontCore
        if isOpen {
            front = FrontStage().front
        } else {
            front = FrontCore(
                settings: .init(
                    name: "front-1", incarnation: Incarnation(rawValue: 5), key: BackStage.key,
                    unixSecondsAtZero: 1_700_000_000), seed: 4)
            let entry = ChannelDirectory.Entry(
                name: "back-1", address: "here", epoch: Epoch(rawValue: 3), families: [family("room/*")])
            front.directoryChanged(ChannelDirectory([entry]), now: Instant(nanoseconds: 1))
            front.trunkConnected(TrunkID(rawValue: 1), now: Instant(nanoseconds: 2))
        }
        while front.nextDirective() != nil {}
        front.stop(Farewell(.goingAway, "the front stops"), now: Instant(nanoseconds: 2_000_000_000))
        var sentCount = 0
        while let directive = front.nextDirective() { if case .send = directive { sentCount += 1 } }
        #expect(sentCount == (isOpen ? 1 : 0))
    }
}
