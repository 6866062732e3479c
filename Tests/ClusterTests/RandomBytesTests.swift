import Core
import Foundation
import Glibc
import State
import Testing

extension ClusterTests {
    /// G9: 10,000 strings of random bytes on every port change nothing.
    @Suite(.serialized) struct RandomBytes {
        private static let stringCount = 10_000
        private static let atOnce = 50

        /// A port of the cluster, and what a conversation on it begins with.
        struct Port: CustomStringConvertible, Sendable {
            let description: String
            let beginnings: [[UInt8]]
        }

        private static let request = WebSocketWire.request(1)

        private static let ports: [Port] = [
            Port(
                description: "the public listener",
                beginnings: [
                    [], FrameClient.opening, FrameClient.opening + [5, 0x10, 1, 0, 0, 0], request,
                    Array("GET / HTTP/1.1\r\nHost: ".utf8), Preface.bytes,
                ]),
            Port(description: "a back's port", beginnings: [[], Preface.bytes, FrameClient.opening, greeting]),
            Port(description: "the hub's socket", beginnings: [[], Preface.bytes, FrameClient.opening, greeting]),
        ]

        /// What a node says first.
        private static let greeting: [UInt8] =
            Preface.bytes + [29, 0x01, 1, 1, 2, 0] + [UInt8](repeating: 3, count: 24)

        @Test(
            "10,000 random byte strings, with and without a good beginning, end their own connection and nothing else",
            arguments: ports)
        func strings(port: Port) throws {
            try Cluster.with { cluster in
                let before = try cluster.status().list("processes").map { try $0.number("pid") }
                let clients = try cluster.bystanders("room/random")
                for client in clients { try client.input("room/random", "{\"add\":1}") }
                let address = try cluster.process("back-1").text("address")
                func wire() throws -> Wire {
                    switch port.description {
                    case "the public listener": return try Wire.tcp(cluster.port)
                    case "the hub's socket": return try Wire.unix(cluster.folder + "/run/hub.sock")
                    default: return try Wire.tcp(address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0)
                    }
                }
                let seed: UInt64 = 20_26
                var dice = Dice(seed: seed)
                for batch in 0..<Self.stringCount / Self.atOnce {
                    let wires = try (0..<Self.atOnce).map { _ in
                        let wire = try wire()
                        let beginning = port.beginnings[Int(dice.next() % UInt64(port.beginnings.count))]
                        // Often short; now and then more than any first read.
                        let count = dice.next() % (dice.next().isMultiple(of: 50) ? 20_000 : 64)
                        let bytes = beginning + (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                        // Who is answered with a close may not take all of it.
                        try? wire.send(bytes)
                        wire.finish()
                        return wire
                    }
                    for wire in wires {
                        do { _ = try wire.rest() } catch { throw Failure("seed \(seed), batch \(batch): \(error)") }
                    }
                }
                for client in clients { try client.input("room/random", "{\"add\":1}") }
                try TextClient.wait("nobody lost anything", clients, within: .seconds(10)) {
                    clients.allSatisfy { $0.sum("room/random") == 2 && $0.isAcked("room/random", 2) }
                }
                #expect(clients.allSatisfy { $0.all("granted").count == 1 && !$0.socket.wire.isEnded })
                let after = try cluster.status().list("processes")
                #expect(try after.map { try $0.number("pid") } == before, "seed \(seed)")
                // Processes report each second.
                let bound = Bound(.seconds(5))
                var ends = 0.0
                while ends <= Double(Self.stringCount) / 20, !bound.isOver {
                    Wire.await([], Bound(.milliseconds(100)))
                    ends =
                        try cluster.metric("connections_closed_total") + cluster.metric("trunks_refused_total")
                        + cluster.metric("hub_connections_refused_total") + cluster.metric("http_refused_total")
                }
                #expect(ends > Double(Self.stringCount) / 20, "they are counted: \(ends)")
            }
        }
    }
}
