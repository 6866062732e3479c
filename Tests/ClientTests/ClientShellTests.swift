import ChannelClient
import Core
import Loop
import Testing

/// Many clients on one loop, without a thread each.
@Suite struct ClientShellTests {
    /// Counts what all clients were told.
    private final class Crowd: ClientShellDelegate {
        var ackedCount = 0
        func client(_ client: ClientShell, told event: ClientEvent) {
            if case .settled(_, _, .acked) = event { ackedCount += 1 }
        }
    }

    @Test("200 clients share one loop with their cluster, are cut, and lose nothing")
    func crowd() throws {
        let loop = try EventLoop()
        let cluster = try OneLoopCluster(on: loop)
        let address = try cluster.listen()
        let group = ClientGroup(on: loop)
        let crowd = Crowd()
        var clients: [ClientShell] = []
        for number in 0..<200 {
            let transport: ClientTransport = number % 2 == 0 ? .plain : .webSocket(host: "\(address)", path: "/connect")
            let client = ClientShell(
                in: group, to: address, settings: ClientSettings(transport: transport), seed: UInt64(number))
            client.delegate = crowd
            client.start()
            try client.write("room/\(number % 3)")
            for _ in 0..<3 { #expect(client.send([1], to: "room/\(number % 3)") != .refused("")) }
            clients.append(client)
        }
        #expect(try loop.runTurns(until: { crowd.ackedCount == 600 }, withinMilliseconds: 20_000))
        for client in clients {
            _ = client.send([1], to: client.core.writer ?? "")
            client.cut()
        }
        #expect(try loop.runTurns(until: { crowd.ackedCount == 800 }, withinMilliseconds: 20_000))
        let isEqual = try loop.runTurns(
            until: {
                let states = clients.filter { $0.core.writer == "room/0" }.map { $0.encodedState(of: "room/0")?.bytes }
                return states.allSatisfy { $0 == states.first }
            }, withinMilliseconds: 5_000)
        #expect(isEqual)
        #expect(clients.allSatisfy { $0.core.counters.gaps == 0 && $0.core.counters.connections == 2 })
        for client in clients { client.close() }
        _ = try loop.runTurns(until: { clients.allSatisfy(\.core.isStopped) }, withinMilliseconds: 1_000)
    }
}
