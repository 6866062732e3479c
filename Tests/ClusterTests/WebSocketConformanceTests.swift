import Foundation
import Testing

extension ClusterTests {
    /// RFC 6455 as a strict client has it, against a real front: every case on a connection of its own.
    @Suite(.serialized) struct WebSocketConformance {
        private let shared = SharedCluster.ofWebSocket
        private static let limit = 16 << 20

        /// What the front does about the bytes of a case.
        enum Outcome: Equatable {
            /// It hears the message whole, and the connection goes on.
            case heard
            /// It closes with this code.
            case closed(Int)
        }

        struct Case: CustomStringConvertible {
            let description: String
            /// Written one after the other; the front may get them as one or as many.
            let pieces: [[UInt8]]
            let outcome: Outcome
            /// What it is to answer to pings, in order.
            var pongs: [[UInt8]] = []

            init(_ description: String, _ pieces: [[UInt8]], _ outcome: Outcome, pongs: [[UInt8]] = []) {
                (self.description, self.pieces, self.outcome, self.pongs) = (description, pieces, outcome, pongs)
            }
        }

        // A message that is answered with the same text: nobody serves this channel.
        private static let word = "nowhere/aé€😀ß"
        private static let hello = Array(
            "{\"hello\":{\"attach\":1,\"token\":null,\"read\":{\"\(word)\":null}}}".utf8)

        /// One frame with what is said of its first two bytes; masked, as a client's are, unless said otherwise.
        private static func frame(
            _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0, isMasked: Bool = true,
            lengthBytes: Int? = nil
        ) -> [UInt8] {
            var frame: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
            let flag: UInt8 = isMasked ? 0x80 : 0
            let width = lengthBytes ?? (payload.count < 126 ? 0 : payload.count < 65536 ? 2 : 8)
            switch width {
            case 0: frame.append(flag | UInt8(payload.count))
            case 2: frame += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
            default: frame += [flag | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
            }
            guard isMasked else { return frame + payload }
            let mask: [UInt8] = [0x9A, 0, 0xFF, 0x31]
            return frame + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
        }

        private static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
            frame(8, [UInt8(code >> 8), UInt8(code & 255)] + reason)
        }

        /// A message in fragments that end at these places.
        private static func fragments(_ payload: [UInt8], at cuts: [Int], between: [UInt8] = []) -> [UInt8] {
            var bytes: [UInt8] = []
            let places = [0] + cuts + [payload.count]
            for number in 0..<places.count - 1 {
                let isLast = number == places.count - 2
                bytes += frame(
                    number == 0 ? 1 : 0, Array(payload[places[number]..<places[number + 1]]), isFinal: isLast)
                if !isLast { bytes += between }
            }
            return bytes
        }

        private static let framing: [Case] = [
            Case("a message in one frame", [frame(1, hello)], .heard),
            Case("a message in two frames", [fragments(hello, at: [10])], .heard),
            Case("a message of one byte a frame", [fragments(hello, at: Array(1..<hello.count))], .heard),
            Case("a message that begins with an empty frame", [fragments(hello, at: [0])], .heard),
            Case("a message that ends with an empty frame", [fragments(hello, at: [hello.count])], .heard),
            Case("empty frames in a message", [fragments(hello, at: [5, 5, 5, 9, 9])], .heard),
            Case("each byte written by itself", frame(1, hello).map { [$0] }, .heard),
            Case(
                "a ping between two fragments", [fragments(hello, at: [7], between: frame(9, [1, 2, 3]))], .heard,
                pongs: [[1, 2, 3]]),
            Case(
                "pings between all fragments",
                [fragments(hello, at: [3, 6, 9], between: frame(9, [7]) + frame(9, []))], .heard,
                pongs: [[7], [], [7], [], [7], []]),
            Case("a pong that nobody asked for", [fragments(hello, at: [7], between: frame(10, [1]))], .heard),
            Case(
                "a ping of 125 bytes", [frame(9, [UInt8](repeating: 0xFE, count: 125)) + frame(1, hello)], .heard,
                pongs: [[UInt8](repeating: 0xFE, count: 125)]),
            Case(
                "ten pings at once", [(0..<10).flatMap { frame(9, [$0]) } + frame(1, hello)], .heard,
                pongs: (0..<10).map { [$0] }),
            Case(
                "a ping written byte by byte", frame(9, [4, 5]).map { [$0] } + [frame(1, hello)], .heard,
                pongs: [[4, 5]]),
            Case("a mask of zeros", [[0x81, 0x80 | UInt8(hello.count), 0, 0, 0, 0] + hello], .heard),
            Case("a length in two bytes", [frame(1, hello + spaces(126 - hello.count))], .heard),
            Case("the longest length in two bytes", [frame(1, hello + spaces(65535 - hello.count))], .heard),
            Case("the shortest length in eight bytes", [frame(1, hello + spaces(65536 - hello.count))], .heard),
            Case("a continuation with nothing to continue", [frame(0, hello)], .closed(1002)),
            Case("a final continuation after a whole message", [frame(1, hello) + frame(0, [])], .closed(1002)),
            Case(
                "a message inside a message", [frame(1, Array(hello[..<4]), isFinal: false) + frame(1, hello)],
                .closed(1002)),
            Case(
                "a binary fragment in a text", [frame(1, Array(hello[..<4]), isFinal: false) + frame(2, [1])],
                .closed(1002)),
            Case("a ping in two frames", [frame(9, [1], isFinal: false) + frame(0, [2])], .closed(1002)),
            Case("a pong in two frames", [frame(10, [1], isFinal: false)], .closed(1002)),
            Case("a close in two frames", [frame(8, [3, 232], isFinal: false)], .closed(1002)),
            Case("a ping of 126 bytes", [frame(9, [UInt8](repeating: 1, count: 126))], .closed(1002)),
            Case("a pong with a length in eight bytes", [frame(10, [1], lengthBytes: 8)], .closed(1002)),
            Case("a length of 125 in two bytes", [frame(1, hello, lengthBytes: 2)], .closed(1002)),
            Case("a length of 65535 in eight bytes", [frame(1, hello, lengthBytes: 8)], .closed(1002)),
            Case(
                "a length with its highest bit", [[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4]], .closed(1002)),
            Case("a text without a mask", [frame(1, hello, isMasked: false)], .closed(1002)),
            Case("a ping without a mask", [frame(9, [], isMasked: false)], .closed(1002)),
        ]

        private static let reserved: [Case] =
            (1...7).map { Case("reserved bits \($0) on a text", [frame(1, hello, reserved: $0)], .closed(1002)) }
            + (1...7).map { Case("reserved bits \($0) on a ping", [frame(9, [], reserved: $0)], .closed(1002)) }
            + [4].map {
                Case(
                    "a reserved bit on a continuation",
                    [frame(1, Array(hello[..<4]), isFinal: false) + frame(0, Array(hello[4...]), reserved: $0)],
                    .closed(1002))
            }
            + (3...7).map { Case("opcode \($0)", [frame($0, hello)], .closed(1002)) }
            + (11...15).map { Case("opcode \($0)", [frame($0, [])], .closed(1002)) }

        /// Codes that may be sent come back; all others are an error of the protocol.
        private static let closes: [Case] = {
            let registered: Set<UInt16> = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
            let edges: [UInt16] = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535]
            let own: [UInt16] = [3000, 3999, 4000, 4321, 4999]
            return (registered.sorted() + own).map { Case("close \($0)", [close($0)], .closed(Int($0))) }
                + edges.map { Case("close \($0)", [close($0)], .closed(1002)) }
                + [
                    Case("a close without a code", [frame(8, [])], .closed(1000)),
                    Case("a close with half a code", [frame(8, [3])], .closed(1002)),
                    Case("a close with a reason", [close(1001, Array("bis später".utf8))], .closed(1001)),
                    Case(
                        "a close with the longest reason", [close(1000, [UInt8](repeating: 0x61, count: 123))],
                        .closed(1000)),
                    Case(
                        "a close with a reason too long", [close(1000, [UInt8](repeating: 0x61, count: 124))],
                        .closed(1002)),
                    Case("a close whose reason is not UTF-8", [close(1000, [0xC3])], .closed(1007)),
                    Case(
                        "a close between fragments", [frame(1, Array(hello[..<5]), isFinal: false) + close(1000)],
                        .closed(1000)),
                    Case("bytes behind a close", [close(1000) + frame(1, hello) + [0xFF, 0xFF]], .closed(1000)),
                ]
        }()

        /// Texts that are not UTF-8, and some that are at the edge of it, as the name of the channel that is asked for.
        private static let texts: [Case] = {
            let good: [(String, [UInt8])] = [
                ("the last of two bytes", [0xDF, 0xBF]), ("the first of three bytes", [0xE0, 0xA0, 0x80]),
                ("the last before the surrogates", [0xED, 0x9F, 0xBF]), ("the first behind them", [0xEE, 0x80, 0x80]),
                ("U+FFFF", [0xEF, 0xBF, 0xBF]), ("the first of four bytes", [0xF0, 0x90, 0x80, 0x80]),
                ("the last there is", [0xF4, 0x8F, 0xBF, 0xBF]),
            ]
            let bad: [(String, [UInt8])] = [
                ("a continuation byte alone", [0x80]), ("two of them", [0xBF, 0xBF]),
                ("a beginning alone", [0xC3, 0x20]),
                ("three bytes cut short", [0xE2, 0x82]), ("four bytes cut short", [0xF0, 0x9F, 0x98]),
                ("an overlong slash of two bytes", [0xC0, 0xAF]), ("of three", [0xE0, 0x80, 0xAF]),
                ("of four", [0xF0, 0x80, 0x80, 0xAF]), ("a surrogate", [0xED, 0xA0, 0x80]),
                ("a pair of surrogates", [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]),
                ("above the last", [0xF4, 0x90, 0x80, 0x80]),
                ("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80]), ("FE", [0xFE]), ("FF", [0xFF]),
            ]
            func text(_ bytes: [UInt8]) -> [UInt8] {
                Array("{\"hello\":{\"attach\":1,\"read\":{\"nowhere/".utf8) + bytes + Array("\":null}}}".utf8)
            }
            var cases: [Case] = good.map { Case($0.0, [frame(1, text($0.1))], .heard) }
            for (name, bytes) in bad {
                let whole = text(bytes)
                cases.append(Case(name, [frame(1, whole)], .closed(1007)))
                cases.append(
                    Case("\(name), in fragments", [fragments(whole, at: Array(1..<whole.count))], .closed(1007)))
                cases.append(
                    Case(
                        "\(name), before the message ends",
                        [frame(1, Array(whole[..<(whole.count - 6)]), isFinal: false)], .closed(1007)))
            }
            // Cut short at the end of a message, a character is not one.
            cases.append(Case("a text that ends inside a character", [frame(1, [0x22, 0xE2, 0x82])], .closed(1007)))
            return cases
        }()

        private static func spaces(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x20, count: count) }

        @Test("Fragments, control frames between them, lengths and masks are taken or refused as RFC 6455 says")
        func framingCases() throws { try run(Self.framing) }

        @Test("Reserved bits and opcodes close with 1002") func reservedCases() throws { try run(Self.reserved) }

        @Test("Every close code that may travel comes back, every other one is an error")
        func closeCases() throws { try run(Self.closes) }

        @Test("Texts are UTF-8 to the byte: the first byte that cannot be one closes with 1007")
        func textCases() throws { try run(Self.texts) }

        @Test("A text cut anywhere, between fragments with a ping, or between writes, is heard whole")
        func cutAnywhere() throws {
            try run(
                (1..<Self.hello.count).map {
                    Case(
                        "cut at \($0)", [Self.fragments(Self.hello, at: [$0], between: Self.frame(9, [9]))], .heard,
                        pongs: [[9]])
                })
            let whole = Self.frame(1, Self.hello)
            try run(
                (1..<whole.count).map {
                    Case("written in two at \($0)", [Array(whole[..<$0]), Array(whole[$0...])], .heard)
                })
        }

        @Test("With the limit raised, 16 MiB are a message: in one frame, in many, or a byte too many")
        func large() throws {
            let message = Self.hello + Self.spaces(Self.limit - Self.hello.count)
            let cuts = Array(stride(from: 1 << 20, to: Self.limit, by: 1 << 20))
            try run([
                Case("in one frame", [Self.frame(1, message)], .heard),
                Case(
                    "in 16 frames", [Self.fragments(message, at: cuts, between: Self.frame(9, [1]))], .heard,
                    pongs: cuts.map { _ in [1] }),
                Case("announced as one byte more", [Array(Self.frame(1, message + [0x20]).prefix(14))], .closed(1009)),
                Case(
                    "one byte more in the last fragment",
                    [Self.frame(1, message, isFinal: false) + Self.frame(0, [0x20])], .closed(1009)),
            ])
        }

        @Test("After all of it the suite's processes end with their lifeline, every one")
        func end() throws { try shared.end() }

        private func run(_ cases: [Case]) throws {
            try shared.with(extra: ["--message-limit", "\(Self.limit)"]) { cluster in
                for some in cases { try run(some, cluster.port) }
                #expect(try cluster.status().list("processes").allSatisfy { try $0.number("restarts") == 0 })
            }
        }

        private func run(_ some: Case, _ port: UInt16) throws {
            let peer = try StrictPeer(port)
            for piece in some.pieces { try? peer.wire.send(piece) }
            switch some.outcome {
            case .closed(let code):
                try peer.listen { peer.wire.isEnded }
                #expect(peer.wire.isEnded, "\(some)")
                #expect(peer.closeCode == code, "\(some): \(peer.closeReason)")
                if code == 1002 || code == 1007 || code == 1009, !some.description.hasPrefix("close") {
                    #expect(!peer.closeReason.isEmpty, "\(some)")
                }
            case .heard:
                try peer.listen { peer.texts.contains { $0.contains("\"unlinked\"") } || peer.wire.isEnded }
                #expect(peer.texts.contains { $0.contains("\"welcome\"") }, "\(some): \(peer.closeReason)")
                if !some.description.hasPrefix("the "), !some.description.hasPrefix("U+") {
                    #expect(peer.texts.contains { $0.contains(Self.word) }, "\(some): \(peer.texts)")
                }
                // The connection goes on.
                try peer.wire.send(Self.frame(9, Array("still".utf8)))
                try peer.listen { peer.pongs.count > some.pongs.count || peer.wire.isEnded }
                #expect(peer.pongs == some.pongs + [Array("still".utf8)], "\(some)")
                #expect(peer.closeCode == nil, "\(some)")
            }
        }
    }
}
