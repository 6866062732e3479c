import Core
import State
import Testing

extension ClusterTests {
    /// PROTOCOL's limits of those who do not answer and of those who take nothing, with less patience than a front usually has.
    @Suite(.serialized) struct Patience {
        private static let closed = "connections_closed_total"

        @Test(
            "Who answers no ping is closed with 4006 and counted, on either transport; who answers stays, silent as it is"
        )
        func ping() throws {
            try Cluster.with(fronts: 1, extra: ["--ping-period", "4s"]) { cluster in
                let before = try cluster.metric(Self.closed, "\"timed out\"")
                let here = try FrameClient(cluster.port, read: ["room/quiet"])
                try here.wait("welcome") { !here.session.isEmpty }
                // These say hello and nothing more: they answer nothing.
                let plain = try FrameClient(cluster.port, read: ["room/quiet"])
                let socket = try StrictPeer(cluster.port)
                let hello = Array("{\"hello\":{\"attach\":1,\"read\":{\"room/quiet\":null}}}".utf8)
                try socket.wire.send(WebSocketWire.frame(1, hello))
                let bound = Bound(.seconds(30))
                while try cluster.metric(Self.closed, "\"timed out\"") < before + 2, !bound.isOver {
                    try here.listen()
                    Wire.await([here.wire], Bound(.milliseconds(50)))
                }
                #expect(try cluster.metric(Self.closed, "\"timed out\"") == before + 2)
                try? plain.wait("the end") { plain.wire.isEnded }
                #expect(plain.wire.isEnded)
                #expect(plain.bye?.code == CloseCode.timedOut.rawValue)
                try socket.listen { socket.wire.isEnded }
                #expect(socket.closeCode == 4006)
                try here.listen()
                #expect(!here.wire.isEnded && here.bye == nil)
            }
        }

        @Test("Who takes no byte of what waits for it is closed, counted as slow, and comes back to the whole state")
        func slow() throws {
            try Cluster.with(fronts: 1, extra: ["--slow-client", "2s"]) { cluster in
                let before = try cluster.metric(Self.closed, "\"slow\"")
                let writer = try TextClient.ready(cluster.port, "room/slow")
                let slow = try FrameClient(cluster.port, read: ["room/slow"])
                try slow.wait("a state") { slow.mirrors["room/slow"] != nil }
                // Each tick brings 100 KiB more, until its kernel takes no more; then it is silent towards the front, too.
                let bound = Bound(.seconds(40))
                var number = 0
                while try cluster.metric(Self.closed, "\"slow\"") <= before, !bound.isOver {
                    number += 1
                    let note = String(repeating: number.isMultiple(of: 2) ? "x" : "y", count: 100 << 10)
                    try writer.input("room/slow", "{\"note\":\"\(note)\"}")
                    try writer.wait("the ack") { writer.isAcked("room/slow", number) }
                }
                #expect(try cluster.metric(Self.closed, "\"slow\"") == before + 1)
                // What the kernel had is read; then there is the end, and a place to come back to.
                try? slow.wait("the end") { slow.wire.isEnded }
                #expect(slow.wire.isEnded)
                let back = try FrameClient(cluster.port, resuming: slow, attach: 2)
                let (version, _) = try cluster.backState("back-1", "room/slow")
                try back.wait("the newest state") { (back.mirrors["room/slow"]?.version ?? 0) >= version }
                #expect(back.session == slow.session)
                #expect(!writer.socket.wire.isEnded)
            }
        }
    }
}
