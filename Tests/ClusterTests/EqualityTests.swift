import Foundation
import State
import Testing

extension ClusterTests {
    /// Every reader holds exactly the back's state at its version.
    @Suite(.serialized) struct Equality {
        private static let isLong = ProcessInfo.processInfo.environment["SWITCHBACK_LONG"] == "1"
        private static let ticks = isLong ? 1000 : 200
        private static let sessions = isLong ? 200 : 50

        @Test(
            "C9, C21: after many ticks of random input every session's state equals the back's at its version, byte for byte",
            arguments: isLong ? [2, 5] : [2])
        func equality(fronts: Int) throws {
            try Cluster.with(fronts: fronts) { cluster in
                let seed = UInt64.random(in: 0 ... .max)
                do { try run(cluster, seed) } catch { throw Failure("seed \(seed): \(error)") }
            }
        }

        private func run(_ cluster: Cluster, _ seed: UInt64) throws {
            var dice = Seeded(state: seed)
            let channels = ["room/1", "room/10", "room/1/deep/2"]
            let crowd = try Crowd(cluster.port, sessions: Self.sessions, channels)
            // Acks come at the end of a tick, so a round is a tick or more.
            for round in 1...Self.ticks {
                for _ in 0..<8 { try crowd.someInput(&dice) }
                try crowd.listen("every input is decided") { crowd.isAllDecided }
                if round.isMultiple(of: 16) { try crowd.comeAnew(&dice) }
                if round.isMultiple(of: 5) {
                    for channel in channels { crowd.compare(channel, try cluster.backState(owner(channel), channel)) }
                }
            }
            try crowd.settle()
            for channel in channels {
                let (version, bytes) = try cluster.backState(owner(channel), channel)
                crowd.compare(channel, (version, bytes))
                for (place, client) in crowd.binary.enumerated() where client.mirrors[channel] != nil {
                    #expect(client.mirrors[channel]?.version == version, "seed \(seed), client \(place) of \(channel)")
                    #expect(
                        client.mirrors[channel]?.encoded().hex == bytes, "seed \(seed), client \(place) of \(channel)")
                }
                let texts = crowd.text.compactMap { $0.copies[channel] }
                #expect(!texts.isEmpty)
                for copy in texts { #expect(copy.version == Int(version), "seed \(seed), \(channel)") }
                #expect(Set(texts.map(\.canonical)).count == 1, "seed \(seed), \(channel)")
            }
            #expect(crowd.differences.isEmpty, "seed \(seed): \(crowd.differences.prefix(3))")
            #expect(
                crowd.comparisons > Self.ticks, "two states of one version were compared \(crowd.comparisons) times")
        }

        private func owner(_ channel: String) -> String { channel.hasPrefix("room/1/deep") ? "back-2" : "back-1" }
    }
}

/// Dice with a seed that a failure prints.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29) &* 0x9E37_79B9_7F4A_7C15
    }
}
