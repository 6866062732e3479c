import Foundation
import State
import Testing

extension ClusterTests {
    /// Real processes: whoever may see a row sees it, in either form, through either front, also after a front was killed.
    @Suite(.serialized) struct AudienceTests {
        private static let names = ["red", "blue", "green"]

        private func wish(_ dice: inout Seeded, _ number: Int) -> String {
            let name = Self.names.randomElement(using: &dice) ?? "red"
            let thing = "thing \(Int.random(in: 0..<10, using: &dice))"
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: return "{\"enter\":\"\(name)\"}"
            case 1: return "{\"leave\":\"\(name)\"}"
            case 2: return "{\"dice\":\(dice.next() >> 20)}"
            default:
                let to = ([name, name, "everyone", "nobody", "me"]).randomElement(using: &dice) ?? name
                return "{\"move\":{\"thing\":\"\(thing)\",\"to\":\"\(to)\"}}"
            }
        }

        @Test(
            "sessions and things move between audiences: every session's view is the back's, byte for byte and as text")
        func moving() throws {
            try Cluster.with(fronts: 2) { cluster in
                let seed = UInt64.random(in: 0 ... .max)
                do { try run(cluster, seed) } catch { throw Failure("seed \(seed): \(error)") }
            }
        }

        private func run(_ cluster: Cluster, _ seed: UInt64) throws {
            var dice = Seeded(state: seed)
            let channel = "room/1"
            var binary: [FrameClient] = []
            for _ in 0..<6 { binary.append(try FrameClient(cluster.port, read: [channel], write: channel)) }
            let texts = try (0..<4).map { _ in try TextClient(cluster.port, read: [channel], write: channel) }
            var sent = [UInt64](repeating: 0, count: binary.count)
            for client in binary { try client.wait("a grant") { client.grants[channel] != nil } }
            try TextClient.wait("grants", texts) { texts.allSatisfy { $0.grants[channel] != nil } }
            for round in 1...60 {
                for place in binary.indices where Bool.random(using: &dice) {
                    sent[place] += 1
                    try binary[place].input(channel, wish(&dice, round), number: sent[place])
                }
                for client in texts where Bool.random(using: &dice) { try client.input(channel, wish(&dice, round)) }
                for place in binary.indices {
                    try binary[place].wait("an ack") { binary[place].isAcked(channel, sent[place]) }
                }
                try TextClient.wait("acks", texts) { texts.allSatisfy { $0.isAcked(channel, $0.sentCount(channel)) } }
                if round.isMultiple(of: 12) {
                    // One comes anew, through whichever front, while its old connection still stands.
                    let place = Int.random(in: 0..<binary.count, using: &dice)
                    let other = try FrameClient(
                        cluster.port, resuming: binary[place], attach: UInt64(round / 12) + 1)
                    try other.wait("it is back") { !other.attached.isEmpty }
                    try other.send(.write) { $0.text(channel) }
                    try other.wait("its grant") { other.grants[channel] != nil }
                    binary[place] = other
                    sent[place] = 0
                }
            }
            for client in binary {
                try client.wait("the back's view, seed \(seed)") {
                    client.mirrors[channel]?.encodedUnion().hex == (try view(cluster, channel, client.session))
                }
                #expect(client.mirrors[channel]?.disagreement == nil)
            }
            let schema = try #require(binary[0].mirrors[channel]?.schema)
            for client in texts {
                try client.wait("the back's view as text, seed \(seed)") {
                    guard let hex = try view(cluster, channel, client.session) else { return false }
                    let json = "{\(try Patch.jsonMembers([UInt8](hex: hex), schema))}"
                    let tables = try Members.parse(Array(json.utf8)).members("set")
                    return client.copies[channel]?.canonical == tables.canonical
                }
            }
            #expect(
                Set(binary.map { $0.mirrors[channel]?.audiences.count ?? 0 }).count > 1, "seed \(seed): all are alike")
        }

        private func view(_ cluster: Cluster, _ channel: String, _ session: String) throws -> String? {
            let words = try cluster.control("back-1", "view \(channel) \(session)").split(
                separator: " ", omittingEmptySubsequences: false)
            return words.count == 2 ? String(words[1]) : nil
        }
    }
}

extension [UInt8] {
    fileprivate init(hex: String) {
        self = stride(from: 0, to: hex.utf8.count, by: 2).compactMap { place in
            let start = hex.utf8.index(hex.startIndex, offsetBy: place)
            return UInt8(hex[start..<hex.utf8.index(start, offsetBy: 2)], radix: 16)
        }
    }
}
