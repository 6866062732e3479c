import Core
import State
import Testing

/// Everything at once, from a seed: kills, cuts, slow readers, moving grants. Whatever happened, all ends well.
@Suite struct ClientCoreChaosTests {
    static let rooms = ["room/1", "room/10", "room/2", "room/3"]

    @Test(
        "whatever breaks, every input ends, and every client holds the backs' states",
        arguments: 1...10 as ClosedRange<UInt64>)
    func chaos(_ seed: UInt64) throws {
        let cluster = try CoreCluster(fronts: 2, backs: 2, seed: seed)
        var dice = Dice(seed: seed)
        if seed % 3 == 0 { cluster.delivery = .dripped }
        let transports: [ClientTransport] = [.plain, .webSocket(host: "here", path: "/connect")]
        for number in 0..<5 {
            let client = cluster.addClient(front: number % 2, transport: transports[number % 2]) {
                $0.undecided = number < 3 ? .resend : .report
            }
            for room in Self.rooms.prefix(3) { try client.core.read(room, now: cluster.now) }
        }
        var sent = [Int](repeating: 0, count: 5)
        for _ in 0..<150 {
            for (place, client) in cluster.clients.enumerated() {
                for _ in 0..<Int.random(in: 0...6, using: &dice) {
                    guard let writer = client.core.writer else { break }
                    let words = [
                        "add 1", "same", "put \(Int.random(in: 0..<9, using: &dice)) 5", "drop 3", "steal", "tell x",
                    ]
                    let offer = client.core.send(
                        Array(words.randomElement(using: &dice)!.utf8), to: writer, now: cluster.now)
                    if case .queued = offer { sent[place] += 1 }
                }
            }
            let client = cluster.clients.randomElement(using: &dice)!
            switch Int.random(in: 0..<40, using: &dice) {
            case 0..<6: try client.core.write(Self.rooms.randomElement(using: &dice)!, now: cluster.now)
            case 6: try client.core.write(nil, now: cluster.now)
            case 7..<10: client.isReading.toggle()
            case 10..<14:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cut(client, delivering: Int.random(in: 0...300, using: &dice))
            case 14..<17:
                client.front = Int.random(in: 0..<2, using: &dice)
                cluster.cutUnnoticed(client)
            case 17:
                let front = Int.random(in: 0..<2, using: &dice)
                cluster.killFront(front)
                cluster.pass(.milliseconds(Int64.random(in: 0...700, using: &dice)))
                cluster.startFront(front)
            case 18:
                let back = Int.random(in: 0..<2, using: &dice)
                cluster.killBack(back)
                cluster.pass(.milliseconds(Int64.random(in: 0...700, using: &dice)))
                cluster.startBack(back)
            case 19, 20:
                cluster.unread(client, Self.rooms.randomElement(using: &dice)!)
            case 21, 22:
                try client.core.read(Self.rooms.randomElement(using: &dice)!, now: cluster.now)
            default: break
            }
            cluster.pass(.milliseconds(Int64.random(in: 1...120, using: &dice)))
        }
        for client in cluster.clients { client.isReading = true }
        let isWell = cluster.pass(
            until: {
                cluster.clients.enumerated().allSatisfy { place, client in
                    client.core.isConnected && client.outcomes.count == sent[place]
                        && client.core.rooms.allSatisfy { cluster.isCaughtUp(client, $0.channel) }
                }
            }, limit: .seconds(60))
        if !isWell {
            for (place, client) in cluster.clients.enumerated() {
                let rooms = client.core.rooms.map {
                    "\($0.channel) v\($0.version) attached \($0.isAttached) up \(cluster.isCaughtUp(client, $0.channel)) open \($0.unsettledCount)"
                }
                Issue.record(
                    "seed \(seed) client \(place): \(client.outcomes.count) of \(sent[place]), writer \(client.core.writer ?? "-"), \(rooms), \(client.statuses.suffix(2)), \(client.farewells.suffix(3))"
                )
            }
        }
        #expect(cluster.clients.allSatisfy { $0.gapCount == 0 })
        #expect(cluster.faults.isEmpty, "seed \(seed): \(cluster.faults.prefix(5))")
    }
}
