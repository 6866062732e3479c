import ChannelClient
import Testing

/// The async face over real sockets.
@Suite struct ClientFaceTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("connect, read, send, watch, come back, leave", arguments: ["ws", "tcp"])
    func wholeLife(_ scheme: String) async throws {
        let cluster = try RunningCluster()
        let client = try await ChannelClient.connect(to: cluster.url(scheme))
        let room = try await client.read("room/1", write: true)
        #expect(await room.state.table("counts")?.count == 1)
        guard case .acked(let tick) = await room.send(bytes("up")) else { Issue.record("not acked"); return }
        #expect(tick > 0)
        #expect(await room.send(bytes("no")) == .refused("no means no"))
        await client.cut()
        guard case .acked = await room.send(bytes("up")) else { Issue.record("not acked"); return }
        for await state in room.updates {
            guard let me = state.me,
                case .int(2)? = state.mirror.table("counts")?[.session(me), "value"]
            else { continue }
            break
        }
        _ = await room.send(bytes("say"))
        for await message in room.messages {
            #expect(message.bytes == bytes("said"))
            break
        }
        #expect(await client.counters.connections == 2)
        await client.close()
        #expect(await room.send(bytes("up")) == .refused("nobody is there to take it"))
        for await _ in room.updates {}
        cluster.stop()
    }

    @Test("a refused channel, an unknown one and a bad address say why")
    func refusals() async throws {
        let cluster = try RunningCluster()
        let client = try await ChannelClient.connect(to: cluster.url("ws"))
        await #expect(throws: ClientError.self) { try await client.read("room/1", options: [0xBA, 0xD0]) }
        await #expect(throws: ClientError.self) { try await client.read("hall/1") }
        await #expect(throws: ClientError.self) { try await ChannelClient.connect(to: "127.0.0.1:80") }
        let room = try await client.read("room/2")
        #expect(await room.send([1]) == .refused("'room/2' is only read"))
        try await client.write("room/2")
        guard case .acked = await room.send([1]) else { Issue.record("not acked"); return }
        await client.close()
        cluster.stop()
    }

    @Test("another client goes on with a session, and the first one ends")
    func resumes() async throws {
        let cluster = try RunningCluster()
        let first = try await ChannelClient.connect(to: cluster.url("tcp"))
        let room = try await first.read("room/1", write: true)
        guard case .acked = await room.send([1]) else { Issue.record("not acked"); return }
        var options = ClientOptions()
        options.resuming = await first.token
        let second = try await ChannelClient.connect(to: cluster.url("ws"), options: options)
        #expect(second.session == first.session)
        let same = try await second.read("room/1", write: true)
        guard case .acked = await same.send([1]) else { Issue.record("not acked"); return }
        for await _ in room.updates {}
        #expect(await room.send([1]) == .refused("nobody is there to take it"))
        await second.close()
        cluster.stop()
    }
}
