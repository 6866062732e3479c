import Foundation
import State

/// The seeds that property tests run with: 1,000, or as many as SWITCHBACK_HISTORIES says.
enum Histories {
    static let count = ProcessInfo.processInfo.environment["SWITCHBACK_HISTORIES"].flatMap { Int($0) } ?? 1_000

    /// Runs `body` once a seed, with dice made from it, and names the seed of whatever fails.
    static func run(_ body: (inout Dice) throws -> Void) throws {
        for seed in 0..<UInt64(count) {
            var dice = Dice(seed: seed)
            do { try body(&dice) } catch { throw Failure(seed: seed, error: error) }
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let seed: UInt64
        let error: any Error
        var description: String { "seed \(seed): \(error)" }
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
