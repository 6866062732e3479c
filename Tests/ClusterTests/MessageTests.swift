import FrontChannel
import Testing

extension ClusterTests {
    /// Messages in every direction, between real processes.
    @Suite(.serialized) struct Messages {
        private func connect(_ cluster: Cluster, _ name: String) async throws -> Front {
            try await Front.connect(through: .state(cluster.folder + "/state"), name: name)
        }

        /// Whether the rule of the channel noted this, as that client sees it.
        private func noted(_ event: String, by session: String = "", _ channel: String, _ client: TextClient) -> Bool {
            let log = client.copies[channel]?.tables["log"] ?? [:]
            return log.values.contains { $0["event"] as? String == event && $0["session"] as? String == session }
        }

        @Test(
            "C14, C15: a client speaks to channels of two backs without a grant; an immediate input is acked among the others"
        )
        func clients() async throws {
            try await Cluster.with { cluster in
                let client = try TextClient(cluster.port, read: ["room/1", "counter/1"])
                try client.wait("both states") { client.copies.count == 2 }
                try client.say(text: "{\"say\":{\"data\":\"all\"}}")
                try client.say(text: "{\"say\":{\"to\":[\"counter/1\"],\"data\":\"one\"}}")
                try client.wait("both are heard, once where they should be") {
                    noted("message: \"all\"", by: client.session, "room/1", client)
                        && noted("message: \"all\"", by: client.session, "counter/1", client)
                        && noted("message: \"one\"", by: client.session, "counter/1", client)
                }
                #expect(!noted("message: \"one\"", by: client.session, "room/1", client))
                let writer = try TextClient.ready(cluster.port, "room/1")
                try writer.input("room/1", "{\"add\":1}")
                let grant = try #require(writer.grants["room/1"])
                try writer.say(text: "{\"inputNow\":{\"grant\":\"\(grant)\",\"seq\":2,\"data\":{\"add\":2}}}")
                try writer.input("room/1", "{\"add\":3}", number: 3)
                try writer.wait("all acked") { writer.isAcked("room/1", 3) && writer.sum("room/1") == 6 }
            }
        }

        @Test("C15, C16: a program speaks to channels that it has no link to, and to all that it is linked to")
        func programs() async throws {
            try await Cluster.with { cluster in
                let reader = try TextClient(cluster.port, read: ["room/1", "counter/1"])
                try reader.wait("both states") { reader.copies.count == 2 }
                let front = try await connect(cluster, "speaker")
                let channel = try front.channel("counter/1")
                #expect(await channel.send(Array("one".utf8)))
                #expect(await front.send(Array("listed".utf8), to: ["room/1", "counter/1", "nowhere"]) == 2)
                let link = try await front.channel("room/1").link(options: Array("hi".utf8))
                #expect(String(decoding: link.data, as: UTF8.self) == "{\"heard\":\"hi\"}")
                #expect(await front.sendToAll(Array("all".utf8)) == 1)
                try reader.wait("each is heard where it should be") {
                    noted("message: one", "counter/1", reader) && noted("message: listed", "counter/1", reader)
                        && noted("message: listed", "room/1", reader) && noted("message: all", "room/1", reader)
                }
                #expect(!noted("message: all", "counter/1", reader))
                front.disconnect()
            }
        }

        @Test("C29: a channel speaks to all programs, to those that are linked, and to one by its name")
        func toFronts() async throws {
            try await Cluster.with { cluster in
                let (near, far) = (try await connect(cluster, "near"), try await connect(cluster, "far"))
                let link = try await near.channel("room/1").link()
                var atLink = link.messages.makeAsyncIterator()
                var atFar = far.messages.makeAsyncIterator()
                // What is asked for behind them says that both listen.
                _ = await (near.backs, far.backs)
                let writer = try TextClient.ready(cluster.port, "room/1")
                try writer.input("room/1", "{\"allFronts\":\"for all\"}")
                try writer.input("room/1", "{\"linkedFronts\":\"for the linked\"}")
                try writer.input("room/1", "{\"front\":{\"to\":\"far\",\"text\":\"for far\"}}")
                #expect(await atLink.next().map { String(decoding: $0, as: UTF8.self) } == "for all")
                #expect(await atLink.next().map { String(decoding: $0, as: UTF8.self) } == "for the linked")
                let heard = [await atFar.next(), await atFar.next()]
                #expect(heard.map { $0.map { String(decoding: $0.bytes, as: UTF8.self) } } == ["for all", "for far"])
                #expect(heard.allSatisfy { $0?.channel == "room/1" })
                for front in [near, far] { front.disconnect() }
            }
        }

        @Test("C30: a channel of one back speaks to one of another, there and back, and to its neighbour")
        func channels() async throws {
            try await Cluster.with { cluster in
                let ann = try TextClient.ready(cluster.port, "room/1")
                let ben = try TextClient.ready(cluster.port, "counter/1")
                let eve = try TextClient.ready(cluster.port, "room/10")
                try ann.input("room/1", "{\"post\":{\"to\":\"counter/1\",\"text\":\"there\"}}")
                try ann.input("room/1", "{\"post\":{\"to\":\"room/10\",\"text\":\"next door\"}}")
                try ben.input("counter/1", "{\"post\":{\"to\":\"room/1\",\"text\":\"back\"}}")
                try TextClient.wait("all three are heard", [ann, ben, eve]) {
                    noted("message from room/1: there", "counter/1", ben)
                        && noted("message from room/1: next door", "room/10", eve)
                        && noted("message from counter/1: back", "room/1", ann)
                }
                let relayed = try cluster.awaitStatus("the fronts count them") { _ in
                    let figures = try ["front-1", "front-2"].map { try cluster.metric("messages_relayed_total", $0) }
                    return figures.reduce(0, +) == 3
                }
                withExtendedLifetime(relayed) {}
            }
        }
    }
}
