import Foundation
import State

/// The seeds that property tests run with: 2,000, or as many as SWITCHBACK_HISTORIES says; `scripts/test.sh` says 100,000.
///
/// A test takes them in shards, which run beside each other. Whatever fails names its seed: SWITCHBACK_SEED=n runs it alone.
enum Histories {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    static let count = number("SWITCHBACK_HISTORIES") ?? 2_000
    static let shards = Array(0..<shardCount)
    private static let onlySeed = number("SWITCHBACK_SEED")
    private static let shardCount: UInt64 = 20

    /// Runs `body` once for every seed of a shard, with dice made from it.
    static func run(_ shard: UInt64, _ body: (inout Dice) throws -> Void) throws {
        var seeds = Array(stride(from: shard, to: count, by: Int(shardCount)))
        if let onlySeed { seeds = shard == 0 ? [onlySeed] : [] }
        for seed in seeds {
            var dice = Dice(seed: seed)
            do { try body(&dice) } catch { throw Failure(seed: seed, error: error) }
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let seed: UInt64
        let error: any Error
        var description: String { "SWITCHBACK_SEED=\(seed): \(error)" }
    }

    /// What a body throws when a property does not hold; cheaper than an expectation for each of a million checks.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    static func check(_ holds: Bool, _ what: @autoclosure () -> String) throws {
        guard holds else { throw Broken(description: what()) }
    }
}

/// Hex digits, and bytes from them; spaces are for people.
func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.filter { !$0.isWhitespace }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while rest.count >= 2 {
        bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return bytes
}

extension State {
    /// The tick's patch, where a test knows that there is one.
    mutating func closed() throws -> [UInt8] {
        guard let patch = close() else { throw Histories.Broken(description: "nothing changed") }
        return patch
    }
}
