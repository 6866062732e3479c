import Core
import Glibc
import State
import Testing

extension ClusterTests {
    /// PROTOCOL's limits of what processes of a cluster send one another.
    @Suite(.serialized) struct TrunkLimits {
        @Test(
            "A frame of more than 8 MiB is refused as it is announced, also from who has proved the key, and is counted",
            arguments: ["back", "hub"])
        func frame(place: String) throws {
            try Cluster.with(fronts: 1) { cluster in
                let player = try TextClient.ready(cluster.port, "room/1")
                let address = try cluster.process("back-1").text("address")
                let port = address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
                func node() throws -> ProvenNode {
                    try ProvenNode(
                        place == "back" ? .tcp(port) : .unix(cluster.folder + "/run/hub.sock"), of: cluster)
                }
                let counter = place == "back" ? "trunks_refused_total" : "hub_connections_refused_total"
                let before = try cluster.metric(counter, "\"too big\"")
                func announce(_ byteCount: Int, _ node: ProvenNode) throws {
                    var writer = ByteWriter()
                    writer.num(UInt64(byteCount))
                    try node.wire.send(writer.bytes)
                }
                let (fits, over) = (try node(), try node())
                try announce(Limits.nodeFrameBytes, fits)
                try announce(Limits.nodeFrameBytes + 1, over)
                try over.awaitEnd()
                #expect(over.bye?.code == CloseCode.tooBig.rawValue)
                #expect(over.bye?.reason.contains("\(Limits.nodeFrameBytes)") == true, "\(over.bye?.reason ?? "")")
                try cluster.awaitMetric(counter, "\"too big\"", above: before)
                fits.wire.fill()
                #expect(!fits.wire.isEnded && fits.bye == nil, "one at the limit is waited for")
                try player.input("room/1", "{\"add\":1}")
                try player.wait("others play on") { player.isAcked("room/1", 1) }
                #expect(try cluster.process("back-1").number("restarts") == 0)
            }
        }

        @Test(
            "A back that stands still while its clients send 56 MiB: the front holds what it may of it, reads them no more, keeps the trunk, and nothing is lost"
        )
        func fullTrunk() throws {
            try Cluster.with(fronts: 1) { cluster in
                let others = try TextClient.ready(cluster.port, "counter/free")
                // Less than a link's credit each, so that nothing but the trunk is full.
                let note = Array("{\"note\":\"".utf8) + [UInt8](repeating: 0x78, count: 230 << 10) + Array("\"}".utf8)
                let senders = try (0..<64).map { number in
                    let channel = "room/full-\(number)"
                    let client = try FrameClient(cluster.port, read: [channel], write: channel)
                    try client.wait("a grant and a state") {
                        client.grants[channel] != nil && client.mirrors[channel] != nil
                    }
                    return (client, channel)
                }
                let before = try cluster.metric("trunk_stalls_total")
                let back = try cluster.pid(of: "back-1")
                try Files.stop(back)
                defer { kill(back, SIGCONT) }
                for (client, channel) in senders {
                    for number in 1...4 as ClosedRange<UInt64> {
                        var writer = ByteWriter()
                        writer.frame(.inputs) {
                            $0.u64(client.grants[channel]!)
                            $0.num(number)
                            $0.blob(note)
                        }
                        client.wire.pour(writer.bytes)
                    }
                }
                let bound = Bound(.seconds(30))
                var stalls = before
                while stalls <= before, !bound.isOver {
                    for (client, _) in senders { client.wire.pour() }
                    Wire.await([], Bound(.milliseconds(50)))
                    stalls = try cluster.metric("trunk_stalls_total")
                }
                #expect(stalls > before)
                try others.input("counter/free", "{\"add\":1}")
                try others.wait("the other back's clients go on") { others.isAcked("counter/free", 1) }
                #expect(try cluster.metric("credit_stalls_total") == 0)
                kill(back, SIGCONT)
                let end = Bound(.seconds(60))
                while !senders.allSatisfy({ $0.0.isAcked($0.1, 4) }), !end.isOver {
                    for (client, _) in senders {
                        client.wire.pour()
                        try client.listen()
                    }
                    Wire.await(senders.map(\.0.wire), Bound(.milliseconds(50)))
                }
                #expect(senders.allSatisfy { $0.0.isAcked($0.1, 4) }, "every input")
                #expect(senders.allSatisfy { $0.0.refused.isEmpty && $0.0.bye == nil })
                #expect(try cluster.metric("trunks_lost_total") == 0)
                #expect(try cluster.metric("inputs_out_of_order_total") == 0)
                #expect(try cluster.process("back-1").number("restarts") == 0)
            }
        }
    }
}
