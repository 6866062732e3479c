import Core
import Foundation
import State
import Testing

extension ClusterTests {
    /// Everything that a stranger, a broken client or a wrong node may send, to the real ports: G9.
    @Suite(.serialized) struct BadInput {
        private let shared = SharedCluster.ofBadInput

        /// What comes in over a plain stream, and how it is answered.
        struct Case: CustomStringConvertible {
            let description: String
            /// After the preface and greeting of a client, unless `isWhole`.
            let bytes: [UInt8]
            var isWhole = false
            let code: CloseCode
        }

        private static func frame(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
            var writer = ByteWriter()
            writer.num(body.count + 1)
            return writer.bytes + [kind] + body
        }

        private static let hello: [UInt8] = frame(0x10, [1, 0, 0, 0])

        private static func greeting(versions low: UInt8, _ high: UInt8, role: UInt8) -> [UInt8] {
            Preface.bytes + frame(0x01, [low, high, role, 0] + [UInt8](repeating: 0, count: 24))
        }

        private static let plain: [Case] = [
            Case(
                description: "a frame over the limit, before its bytes", bytes: [0xE0, 0x20, 0x00, 0x00, 0x11],
                code: .tooBig),
            Case(description: "a frame that ends within a field", bytes: frame(0x10, [1, 9, 1]), code: .protocolError),
            Case(
                description: "bytes left over in a frame", bytes: hello + frame(0x13, [1, 0x61, 7]),
                code: .protocolError),
            Case(
                description: "options over 16 KiB with a wish to write",
                bytes: hello + frame(0x14, [1, 0x61] + [UInt8](repeating: 7, count: Limits.optionsBytes + 1)),
                code: .tooBig),
            Case(description: "an empty frame", bytes: [0], code: .protocolError),
            Case(description: "an overlong length", bytes: [0x80, 0x02, 0x06], code: .protocolError),
            Case(description: "an unknown kind", bytes: frame(0x7E, []), code: .protocolError),
            Case(description: "a kind that only backs send", bytes: hello + frame(0x54, [1]), code: .protocolError),
            Case(
                description: "an input before hello", bytes: frame(0x11, [0, 0, 0, 0, 0, 0, 0, 1, 1, 0]),
                code: .protocolError),
            Case(description: "hello twice", bytes: hello + hello, code: .protocolError),
            Case(description: "an attach number 0", bytes: frame(0x10, [0, 0, 0, 0]), code: .protocolError),
            Case(
                description: "a channel id that is not UTF-8", bytes: hello + frame(0x12, [2, 0xC3, 0x28, 0, 0]),
                code: .notUTF8),
            Case(
                description: "a forged session token",
                bytes: frame(0x10, [1, 60] + [UInt8](repeating: 7, count: 60) + [0, 0]), code: .unproven),
            Case(
                description: "a wrong protocol version", bytes: greeting(versions: 7, 9, role: 1), isWhole: true,
                code: .version),
        ]

        @Test(
            "G9: bad bytes on a plain stream end that stream with a code and a reason, are counted, and cost nobody else anything"
        )
        func plainStreams() throws {
            try unharmed { cluster in
                let counts = try Counts(cluster, Self.plain.map(\.code))
                for bad in Self.plain {
                    let client = try FrameClient(
                        cluster.port, saying: bad.isWhole ? bad.bytes : FrameClient.opening + bad.bytes)
                    try? client.wait("the end") { client.wire.isEnded }
                    #expect(client.wire.isEnded, "\(bad)")
                    #expect(client.bye?.code == bad.code.rawValue, "\(bad)")
                    #expect(client.bye?.reason.isEmpty == false, "\(bad)")
                }
                try counts.awaitAll(cluster)
            }
        }

        /// How often connections were closed for each reason, and how often they are to be.
        private struct Counts {
            private var wanted: [String: Double] = [:]

            init(_ cluster: Cluster, _ codes: [CloseCode]) throws {
                for code in codes {
                    wanted[code.name] =
                        try
                        (wanted[code.name]
                        ?? cluster.metric("connections_closed_total", "\"\(code.name)\"")) + 1
                }
            }

            func awaitAll(_ cluster: Cluster) throws {
                for (name, count) in wanted {
                    try cluster.awaitMetric("connections_closed_total", "\"\(name)\"", above: count - 1)
                }
            }
        }

        /// What comes in on a WebSocket of the text form, and the code that it is closed with.
        private static let webSocket: [(String, [UInt8], Int)] = [
            ("an unmasked frame", WebSocketWire.frame(1, Array("{}".utf8), isMasked: false), 1002),
            ("a reserved bit", [0xC1, 0x80, 0, 0, 0, 0], 1002),
            ("a reserved opcode", WebSocketWire.frame(3, []), 1002),
            ("a text that is not UTF-8", WebSocketWire.frame(1, [0x7B, 0xC3, 0x28]), 1007),
            ("a message over the limit, before its bytes", [0x81, 0xFF, 0, 0, 0, 0, 0, 5, 0, 0, 1, 2, 3, 4], 1009),
            ("a binary message in the text form", WebSocketWire.frame(2, [1, 2]), 1002),
            ("no JSON", WebSocketWire.frame(1, Array("{hello}".utf8)), 1002),
            ("no known member", WebSocketWire.frame(1, Array("{\"what\":1}".utf8)), 1002),
            ("a close frame of one byte", WebSocketWire.frame(8, [3]), 1002),
            (
                "a forged token", WebSocketWire.frame(1, Array("{\"hello\":{\"attach\":1,\"token\":\"AAAA\"}}".utf8)),
                4003
            ),
        ]

        @Test("G9: bad WebSocket messages close that connection with a code and a reason, and are counted")
        func webSockets() throws {
            try unharmed { cluster in
                let counts = try Counts(cluster, Self.webSocket.compactMap { CloseCode(rawValue: UInt16($0.2)) })
                for (what, bytes, code) in Self.webSocket {
                    let socket = try WebSocketWire(cluster.port)
                    try socket.wire.send(bytes)
                    let bound = Bound(.seconds(5))
                    while !socket.wire.isEnded, !bound.isOver {
                        Wire.await([socket.wire], bound)
                        socket.wire.fill()
                    }
                    while try socket.next() != nil {}
                    #expect(socket.wire.isEnded, "\(what)")
                    #expect(socket.closeCode == code, "\(what)")
                    #expect(!socket.closeReason.isEmpty, "\(what)")
                }
                try counts.awaitAll(cluster)
            }
        }

        @Test(
            "G1, G9: an input out of order changes nothing, is answered with the highest one, and is counted; resent in order all are applied once"
        )
        func outOfOrder() throws {
            try unharmed { cluster in
                let before = try cluster.metric("inputs_out_of_order_total")
                let client = try TextClient.ready(cluster.port, "room/order")
                try client.input("room/order", "{\"add\":1}", number: 1)
                try client.wait("the first") { client.isAcked("room/order", 1) }
                let acks = client.all("acked").count
                try client.input("room/order", "{\"add\":100}", number: 5)
                try client.wait("the highest is said again") { client.all("acked").count > acks }
                #expect(try client.all("acked").last!.number("seq") == 1)
                for number in [2, 2, 1, 3, 3] { try client.input("room/order", "{\"add\":1}", number: number) }
                try client.wait("each once") { client.isAcked("room/order", 3) && client.sum("room/order") == 3 }
                try cluster.awaitMetric("inputs_out_of_order_total", above: before)
            }
        }

        @Test("G9: a connection that is cut within a frame harms nobody")
        func truncated() throws {
            try unharmed { cluster in
                for count in [1, 3, 4, 5, 20, 38] {
                    let wire = try Wire.tcp(cluster.port)
                    try wire.send(Array((FrameClient.opening + Self.hello).prefix(count)))
                }
                let socket = try WebSocketWire(cluster.port)
                try socket.wire.send(Array(WebSocketWire.frame(1, Array("{\"hello\":{}}".utf8)).dropLast(3)))
            }
        }

        @Test("A handshake that never finishes is closed 5 s after it began, however it drips, and is counted")
        func unfinishedHandshake() throws {
            try unharmed { cluster in
                let before = try cluster.metric("connections_closed_total", "\"timed out\"")
                let silent = try Wire.tcp(cluster.port)
                let dripping = try Wire.tcp(cluster.port)
                let half = try Wire.tcp(cluster.port)
                try half.send(FrameClient.opening)
                let clock = ContinuousClock()
                let start = clock.now
                var rest = WebSocketWire.request(cluster.port, headers: (0..<60).map { "X-\($0): \($0)" })[...]
                let bound = Bound(.seconds(9))
                let wires = [silent, dripping, half]
                while !wires.allSatisfy(\.isEnded), !bound.isOver {
                    if !dripping.isEnded, rest.count > 40 { try? dripping.send([rest.removeFirst()]) }
                    Wire.await(wires, Bound(.milliseconds(100)))
                    for wire in wires { wire.fill() }
                }
                let took = start.duration(to: clock.now)
                #expect(wires.allSatisfy { $0.isEnded })
                #expect(took > .seconds(4) && took < .seconds(8), "\(took)")
                #expect(silent.input.isEmpty, "a stranger gets no reply")
                try cluster.awaitMetric("connections_closed_total", "\"timed out\"", above: before)
            }
        }

        @Test(
            "A wrong cluster key, a wrong version and nonsense are refused at a back's port and at the hub's socket, with a reason",
            arguments: [
                "back", "hub",
            ])
        func nodes(place: String) throws {
            try unharmed { cluster in
                let address = try cluster.process("back-1").text("address")
                func wire() throws -> Wire {
                    guard place == "back" else { return try Wire.unix(cluster.folder + "/run/hub.sock") }
                    guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
                        throw Failure("no port in \(address)")
                    }
                    return try Wire.tcp(port)
                }
                let counter = place == "back" ? "trunks_refused_total" : "hub_connections_refused_total"
                let unproven = try cluster.metric(counter, "\"unproven\"")
                let impostor = try wire()
                try impostor.send(Self.greeting(versions: 1, 1, role: 2))
                _ = try Self.frames(impostor, until: { !$0.isEmpty })
                try impostor.send(Self.frame(0x03, [UInt8](repeating: 9, count: 32)))
                try #expect(Self.bye(impostor).code == 4003)
                let client = try wire()
                try client.send(Self.greeting(versions: 1, 1, role: 1))
                try #expect(Self.bye(client).code == 4003)
                let stranger = try wire()
                try stranger.send(Self.greeting(versions: 40, 41, role: 2))
                try #expect(Self.bye(stranger).code == 4002)
                let early = try wire()
                try early.send(Self.greeting(versions: 1, 1, role: 2) + Self.frame(0x40, [1, 1, 0x61, 0]))
                try #expect(Self.bye(early).code == 1002)
                for over in [Limits.handshakeFrameBytes + 1, 0x0FFF_FFFF] {
                    let huge = try wire()
                    var length = ByteWriter()
                    length.num(UInt64(over))
                    try huge.send(Self.greeting(versions: 1, 1, role: 2) + length.bytes)
                    try #expect(Self.bye(huge).code == 1009, "who has proved nothing may say little")
                }
                let nonsense = try wire()
                try nonsense.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
                _ = try nonsense.rest()
                try cluster.awaitMetric(counter, "\"unproven\"", above: unproven + 1)
            }
        }

        private static func frames(_ wire: Wire, until isEnough: ([(kind: FrameKind, body: [UInt8])]) -> Bool) throws
            -> [(
                kind: FrameKind, body: [UInt8]
            )]
        {
            let bound = Bound(.seconds(6))
            var reader = FrameReader(limit: 8 << 20)
            var found: [(kind: FrameKind, body: [UInt8])] = []
            while true {
                wire.fill()
                let bytes = wire.input
                wire.input = []
                try bytes.withUnsafeBytes { buffer in
                    try reader.receive(
                        buffer, { (frame) throws(Failure) in found.append((frame.kind, Array(frame.body))) },
                        failed: { Failure("\($0)") })
                }
                if isEnough(found) || wire.isEnded { return found }
                guard !bound.isOver else { throw Failure("no answer") }
                Wire.await([wire], bound)
            }
        }

        private static func bye(_ wire: Wire) throws -> Bye {
            let all = try frames(wire, until: { $0.contains { $0.kind == .bye } })
            guard let bye = all.first(where: { $0.kind == .bye }) else { throw Failure("closed without a reason") }
            return try ByteReader.read(bye.body) { (reader) throws(WireError) in try Bye(from: &reader) }
        }

        /// Runs `body` while clients of every front play, who must not lose anything by it.
        private func unharmed(_ body: (Cluster) throws -> Void) throws {
            try shared.with { cluster in
                let others = try (0..<3).map { _ in try TextClient.ready(cluster.port, "room/others") }
                for other in others { for _ in 1...3 { try other.input("room/others", "{\"add\":1}") } }
                try body(cluster)
                for other in others { for _ in 1...3 { try other.input("room/others", "{\"add\":1}") } }
                try TextClient.wait("the others lost nothing", others) {
                    others.allSatisfy { $0.sum("room/others") == 6 && $0.isAcked("room/others", 6) }
                }
                #expect(
                    others.allSatisfy { !$0.socket.wire.isEnded && $0.refused.isEmpty && $0.all("granted").count == 1 })
                let processes = try cluster.status().list("processes")
                #expect(try processes.allSatisfy { try $0.number("restarts") == 0 })
            }
        }

        @Test("After all of it the suite's processes end with their lifeline, every one")
        func end() throws { try shared.end() }
    }
}
