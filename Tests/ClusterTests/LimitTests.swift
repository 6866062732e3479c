import Core
import Foundation
import Glibc
import State
import Testing

extension ClusterTests {
    /// PROTOCOL's and docs/OPERATIONS.md's limits of connections, sessions and trunks: each is crossed, answered and counted.
    /// What takes minutes or 100,000 of something is tested on the cores, with a clock of their own.
    @Suite(.serialized) struct AtTheLimits {
        private let shared = SharedCluster.ofLimits
        private static let closed = "connections_closed_total"

        private static func input(_ grant: UInt64, _ number: UInt64, _ inputs: [[UInt8]]) -> [UInt8] {
            var writer = ByteWriter()
            writer.frame(.inputs) {
                $0.u64(grant)
                $0.num(number)
                for input in inputs { $0.blob(input) }
            }
            return writer.bytes
        }

        private static func ready(_ cluster: Cluster, _ channel: String) throws -> FrameClient {
            let client = try FrameClient(cluster.port, read: [channel], write: channel)
            try client.wait("a grant and a state") { client.grants[channel] != nil && client.mirrors[channel] != nil }
            return client
        }

        @Test("The largest input is taken; one of a byte more closes with 1009 and is counted")
        func inputBytes() throws {
            try shared.with { cluster in
                let fits = try Self.ready(cluster, "room/large")
                let note =
                    Array("{\"note\":\"".utf8) + [UInt8](repeating: 0x78, count: Limits.inputBytes - 11)
                    + Array("\"}".utf8)
                #expect(note.count == Limits.inputBytes)
                try fits.wire.send(Self.input(fits.grants["room/large"]!, 1, [note]))
                try fits.wait("the ack") { fits.isAcked("room/large", 1) }
                let before = try cluster.metric(Self.closed, "\"too big\"")
                let over = try Self.ready(cluster, "room/large")
                try? over.wire.send(Self.input(over.grants["room/large"]!, 1, [note + [0x20]]))
                try? over.wait("the end") { over.wire.isEnded }
                #expect(over.bye?.code == CloseCode.tooBig.rawValue)
                try cluster.awaitMetric(Self.closed, "\"too big\"", above: before)
            }
        }

        @Test("A message whose fragments add up to more than 256 KiB closes with 1009 and is counted")
        func messageBytes() throws {
            try shared.with { cluster in
                let before = try cluster.metric(Self.closed, "\"too big\"")
                let peer = try StrictPeer(cluster.port)
                let part = WebSocketWire.frame(1, [UInt8](repeating: 0x20, count: 100 << 10))
                try peer.wire.send([part[0] & 0x7F] + part.dropFirst())
                for _ in 0..<2 { try? peer.wire.send([0] + part.dropFirst()) }
                try peer.listen { peer.wire.isEnded }
                #expect(peer.closeCode == 1009)
                try cluster.awaitMetric(Self.closed, "\"too big\"", above: before)
            }
        }

        @Test("A session reads 64 channels; the 65th is refused and counted, and the others stay")
        func reads() throws {
            try shared.with { cluster in
                let before = try cluster.metric("reads_ended_total", "\"overloaded\"")
                let channels = (1...Limits.readsPerSession).map { "room/read-\($0)" }
                let client = try FrameClient(cluster.port, read: channels)
                try client.wait("every state") { client.mirrors.count == channels.count }
                try client.send(.read) { Read(channel: "room/one-more").encode(into: &$0) }
                try client.wait("an answer") { !client.unlinked.isEmpty || client.bye != nil }
                #expect(
                    client.unlinked.first?.channel == "room/one-more"
                        || client.bye?.code == CloseCode.overloaded.rawValue)
                #expect(client.mirrors.count == channels.count)
                try cluster.awaitMetric("reads_ended_total", "\"overloaded\"", above: before)
            }
        }

        @Test("Options over 16 KiB close with 1009 and are counted")
        func options() throws {
            try shared.with { cluster in
                let before =
                    try cluster.metric(Self.closed, "\"too big\"") + cluster.metric(Self.closed, "\"protocol error\"")
                let client = try FrameClient(
                    cluster.port, read: ["room/options"],
                    options: ["room/options": String(repeating: "x", count: Limits.optionsBytes + 1)])
                try? client.wait("the end") { client.wire.isEnded }
                #expect(client.wire.isEnded && client.bye != nil)
                let bound = Bound(.seconds(5))
                var now = before
                while now <= before, !bound.isOver {
                    Wire.await([], Bound(.milliseconds(50)))
                    now =
                        try cluster.metric(Self.closed, "\"too big\"")
                        + cluster.metric(Self.closed, "\"protocol error\"")
                }
                #expect(now > before)
            }
        }

        @Test("More inputs than a tick takes of a session are carried over, counted, and applied in order")
        func perTick() throws {
            try shared.with { cluster in
                let before = try cluster.metric("inputs_carried_over_total")
                let client = try Self.ready(cluster, "room/many")
                _ = try cluster.control("back-1", "rate room/many 0")
                let count = Limits.windowInputs
                let inputs = (1...count).map { Array("{\"add\":\($0)}".utf8) }
                try client.wire.send(Self.input(client.grants["room/many"]!, 1, inputs))
                _ = try cluster.control("back-1", "rate room/many 50")
                try client.wait("all of them") { client.isAcked("room/many", UInt64(count)) }
                try cluster.awaitMetric("inputs_carried_over_total", above: before)
            }
        }

        @Test(
            "A stalled back: its clients are not read beyond what its link may hold, others go on, and nothing is lost")
        func stalledBack() throws {
            try shared.with { cluster in
                let before = try cluster.metric("credit_stalls_total")
                let others = try TextClient.ready(cluster.port, "counter/free")
                let clients = try (0..<12).map { _ in try Self.ready(cluster, "room/stalled") }
                let back = try cluster.pid(of: "back-1")
                try Files.stop(back)
                defer { kill(back, SIGCONT) }
                let note = Array("{\"note\":\"".utf8) + [UInt8](repeating: 0x78, count: 100 << 10) + Array("\"}".utf8)
                // Two of these fill a window; a client that goes on all the same is not read once its link's credit is gone.
                for client in clients {
                    let grant = client.grants["room/stalled"]!
                    for number in 1...4 { try client.wire.send(Self.input(grant, UInt64(number), [note])) }
                }
                try others.input("counter/free", "{\"add\":1}")
                try others.wait("the other back's clients go on") { others.isAcked("counter/free", 1) }
                try cluster.awaitMetric("credit_stalls_total", above: before)
                kill(back, SIGCONT)
                for client in clients {
                    try client.wait("every input", within: .seconds(10)) { client.isAcked("room/stalled", 4) }
                }
                #expect(try cluster.process("back-1").number("restarts") == 0)
            }
        }

        @Test("Who asks and asks and reads no answer is closed with 4008, and is counted")
        func owed() throws {
            try shared.with { cluster in
                let before = try cluster.metric(Self.closed, "\"slow\"")
                let client = try FrameClient(cluster.port, read: [])
                try client.wait("welcome") { !client.session.isEmpty }
                // A refused channel is answered with its name and the reason.
                var writer = ByteWriter()
                let name = "nowhere/" + String(repeating: "x", count: 200)
                for _ in 0..<64 { writer.frame(.read) { Read(channel: name).encode(into: &$0) } }
                let bound = Bound(.seconds(20))
                while try cluster.metric(Self.closed, "\"slow\"") <= before, !bound.isOver {
                    for _ in 0..<16 { client.wire.offer(writer.bytes) }
                    Wire.await([], Bound(.milliseconds(20)))
                }
                #expect(try cluster.metric(Self.closed, "\"slow\"") > before)
            }
        }

        @Test(
            "Messages beyond 64 for a client that does not read are dropped and counted; its state is whole when it reads"
        )
        func messages() throws {
            try shared.with { cluster in
                let before = try cluster.metric("messages_dropped_total")
                let reader = try Self.ready(cluster, "room/told")
                let writer = try TextClient.ready(cluster.port, "room/told")
                let text = String(repeating: "t", count: 60 << 10)
                let bound = Bound(.seconds(20))
                var dropped = before
                while dropped <= before, !bound.isOver {
                    for _ in 0..<16 { try writer.input("room/told", "{\"tellAll\":\"\(text)\"}") }
                    let count = writer.sentCount("room/told")
                    try writer.wait("acks", within: .seconds(10)) { writer.isAcked("room/told", count) }
                    dropped = try cluster.metric("messages_dropped_total")
                }
                #expect(dropped > before)
                let (version, _) = try cluster.backState("back-1", "room/told")
                try reader.wait("it reads again and holds the state", within: .seconds(10)) {
                    reader.mirrors["room/told"]!.version >= version
                }
            }
        }

        @Test("A page of another origin is refused with 403 before the upgrade, and is counted")
        func origin() throws {
            try shared.with { cluster in
                let before = try cluster.metric("http_refused_total", "\"403\"")
                let wire = try Wire.tcp(cluster.port)
                try wire.send(
                    WebSocketWire.request(cluster.port, headers: ["Origin: https://stranger.example"]))
                wire.finish()
                #expect(try HTTP(parsing: wire.rest()).status == 403)
                try cluster.awaitMetric("http_refused_total", "\"403\"", above: before)
            }
        }

        @Test("After all of it the suite's processes end with their lifeline, every one")
        func end() throws { try shared.end() }
    }
}
