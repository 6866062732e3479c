import Core
import State
import Testing

/// Rows and sessions that move between audiences while connections, fronts and backs come and go: at every commit each client
/// holds, of exactly the audiences that its session is in, exactly what the back has.
@Suite("Audiences, whatever breaks")
struct AudienceChaosTests {
    @Test(
        "every client's rows are those of its session's audiences, byte for byte",
        arguments: 1...12 as ClosedRange<UInt64>)
    func chaos(_ seed: UInt64) throws {
        let settings = ChannelSettings(rate: .hertz(20), hashPeriod: 3)
        let cluster = try CoreCluster(
            fronts: 2, backs: 1, seed: seed, settings: settings, rule: Crossing.self, audienceLimit: 16)
        var dice = Dice(seed: seed)
        if seed % 4 == 0 { cluster.delivery = .dripped }
        let transports: [ClientTransport] = [.plain, .webSocket(host: "here", path: "/connect")]
        for number in 0..<6 {
            let client = cluster.addClient(front: number % 2, transport: transports[number % 2])
            try client.core.write("room/1", now: cluster.now)
        }
        var isCongested = false
        for _ in 0..<220 {
            for client in cluster.clients where Int.random(in: 0..<3, using: &dice) == 0 {
                let word = Int.random(in: 0..<9, using: &dice) == 0 ? "tell me" : "turn \(dice.next() >> 1)"
                _ = client.core.send(Array(word.utf8), to: "room/1", now: cluster.now)
            }
            let client = cluster.clients.randomElement(using: &dice)!
            switch Int.random(in: 0..<30, using: &dice) {
            case 0..<3: client.isReading.toggle()
            case 3..<6:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cut(client, delivering: Int.random(in: 0...300, using: &dice))
            case 6, 7:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cutUnnoticed(client)
            case 8:
                let front = Int.random(in: 0..<2, using: &dice)
                cluster.killFront(front)
                cluster.pass(.milliseconds(Int64.random(in: 0...700, using: &dice)))
                cluster.startFront(front)
            case 9 where seed % 3 == 0:
                cluster.killBack(0)
                cluster.pass(.milliseconds(Int64.random(in: 0...700, using: &dice)))
                cluster.startBack(0)
            case 10..<13:
                isCongested.toggle()
                cluster.setCongested(0, isCongested)
            case 13: cluster.pass(.seconds(12))
            default: break
            }
            cluster.pass(.milliseconds(Int64.random(in: 1...120, using: &dice)))
        }
        cluster.setCongested(0, false)
        for client in cluster.clients { client.isReading = true }
        let isWell = cluster.pass(
            until: {
                cluster.clients.allSatisfy { client in
                    guard let session = client.core.session, let room = client.core.room("room/1"), room.isAttached,
                        room.unsettledCount == 0, let union = try? cluster.union(of: "room/1", for: session)
                    else { return false }
                    return room.mirror.encodedUnion() == union
                }
            }, limit: .seconds(60))
        #expect(isWell, "seed \(seed)")
        #expect(cluster.clients.allSatisfy { $0.gapCount == 0 }, "seed \(seed)")
        #expect(cluster.faults.isEmpty, "seed \(seed): \(cluster.faults.prefix(5))")
        for front in cluster.fronts { #expect(front.core?.counters.gaps == 0, "seed \(seed)") }
        let most = cluster.clients.map { $0.core.room("room/1")?.mirror.audiences.count ?? 0 }.max() ?? 0
        #expect(most > 1, "seed \(seed): nobody is anywhere")
    }
}
