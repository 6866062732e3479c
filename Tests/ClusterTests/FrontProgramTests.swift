import FrontChannel
import Glibc
import Testing

extension ClusterTests {
    /// Programs that are fronts of their own: `import FrontChannel`.
    @Suite(.serialized) struct FrontPrograms {
        @Test(
            "C3, C4, C5: connecting completes when every back has answered, over string ids and several backs, with what each published"
        )
        func connecting() async throws {
            try await Cluster.with { cluster in
                let front = try await Front.connect(through: .state(cluster.folder + "/state"))
                let backs = await front.backs.sorted { $0.name < $1.name }
                #expect(backs.map(\.name) == ["back-1", "back-2"])
                #expect(backs.map(\.families) == [["room", "room/*"], ["room/1/deep/*", "counter/*"]])
                #expect(
                    backs.map { String(decoding: $0.options, as: UTF8.self) } == [
                        "{\"serves\":\"room\"}", "{\"serves\":\"room/1/deep/*\"}",
                    ])
                #expect(backs.allSatisfy { $0.epoch > 0 })
                front.disconnect()
            }
        }

        @Test(
            "C3: connecting fails after its time with the name of the back that does not answer, and can be tried again"
        )
        func missingBack() async throws {
            try await Cluster.with { cluster in
                let pid = try cluster.pid(of: "back-2")
                kill(pid, SIGSTOP)
                let failure = await #expect(throws: LinkFailure.self) {
                    _ = try await Front.connect(through: .state(cluster.folder + "/state"), timeout: .milliseconds(700))
                }
                kill(pid, SIGCONT)
                #expect(failure?.description.contains("back-2") == true, "\(failure?.description ?? "none")")
                #expect(failure?.description.contains("back-1") == false)
                let front = try await Front.connect(through: .state(cluster.folder + "/state"))
                #expect(await front.backs.count == 2)
                front.disconnect()
            }
        }

        @Test(
            "C6, C25: link() answers the encoded state, byte for byte the back's; updates are opaque bytes that lead to the next one"
        )
        func links() async throws {
            try await Cluster.with { cluster in
                let writer = try TextClient.ready(cluster.port, "room/1")
                let front = try await Front.connect(through: .state(cluster.folder + "/state"))
                let link = try await front.channel("room/1").link()
                let (version, bytes) = try cluster.backState("back-1", "room/1")
                #expect(link.encodedState.version == version)
                #expect(link.encodedState.bytes.hex == bytes)
                var updates = link.updates.makeAsyncIterator()
                for number in 1...5 {
                    let before = await link.state?.version ?? 0
                    try writer.input("room/1", "{\"add\":1,\"dice\":\(number)}")
                    let update = try #require(try await updates.next())
                    #expect(update.base == before)
                    #expect(update.version > before)
                    #expect(!update.bytes.isEmpty)
                }
                let last = try cluster.backState("back-1", "room/1")
                let state = try #require(await link.state)
                #expect(state.version == last.version)
                #expect(state.bytes.hex == last.bytes)
                front.disconnect()
            }
        }

        @Test("C8: a second link is refused, a closed channel promptly with its reason, and one that nobody serves")
        func refusals() async throws {
            try await Cluster.with { cluster in
                let front = try await Front.connect(through: .state(cluster.folder + "/state"))
                let link = try await front.channel("room/1").link()
                for (channel, reason) in [
                    ("room/1", "already"), ("room/closed", "this room is closed"), ("nowhere", "no back serves"),
                ] {
                    let clock = ContinuousClock()
                    let start = clock.now
                    let failure = await #expect(throws: LinkFailure.self) {
                        _ = try await front.channel(channel).link()
                    }
                    #expect(
                        failure?.description.contains(reason) == true, "\(channel): \(failure?.description ?? "none")")
                    #expect(start.duration(to: clock.now) < .seconds(1), "\(channel)")
                }
                #expect(await link.state != nil, "the first link goes on")
                front.disconnect()
            }
        }

        @Test("C16, C31: a front's own message reaches the back; its unlink takes the link away and it may link again")
        func messageAndUnlink() async throws {
            try await Cluster.with { cluster in
                let front = try await Front.connect(through: .state(cluster.folder + "/state"))
                let link = try await front.channel("counter/1").link()
                #expect(await link.send(Array("hello there".utf8)))
                var updates = link.updates.makeAsyncIterator()
                _ = try await updates.next()
                let mirror = try #require(await link.state).mirror()
                #expect(mirror.table("log")?.count == 1)
                try cluster.awaitStatus("one link") { status in
                    try status.list("channels").contains { try $0.text("id") == "counter/1" && $0.number("links") == 1 }
                }
                link.unlink()
                try cluster.awaitStatus("no link") { status in
                    try !status.list("channels").contains { try $0.text("id") == "counter/1" && $0.number("links") > 0 }
                }
                _ = try await front.channel("counter/1").link()
                front.disconnect()
            }
        }
    }
}
