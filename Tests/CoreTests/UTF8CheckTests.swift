import Core
import Testing

@Suite("UTF-8 check")
struct UTF8CheckTests {
    private static func isValid(_ bytes: [UInt8], cut: Int) -> Bool {
        var check = UTF8Check()
        let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
        for piece in pieces where !piece.withUnsafeBytes({ check.accept($0) }) { return false }
        return check.isAtBoundary
    }

    @Test("It agrees with the standard library on every pair of bytes, alone and in company")
    func pairs() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for tail in [[], [0x80], [0xBF, 0x80], [0x41]] as [[UInt8]] {
                    let bytes = [first, second] + tail
                    let expected = String(validating: bytes, as: UTF8.self) != nil
                    if Self.isValid(bytes, cut: 1) != expected { Issue.record("\(bytes)") }
                }
            }
        }
    }

    @Test("It agrees with the standard library on damaged texts, cut anywhere", arguments: [1, 2, 3] as [UInt64])
    func damaged(seed: UInt64) {
        var dice = SeededDice(state: seed)
        let text = Array("The 8 bytes: äöü€ŁØ😀🏳️‍🌈 \u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF} end of text".utf8)
        for _ in 0..<2000 {
            var bytes = text
            bytes[Int(dice.next() % UInt64(bytes.count))] ^= 1 << UInt8(dice.next() & 7)
            let expected = String(validating: bytes, as: UTF8.self) != nil
            let cut = Int(dice.next() % UInt64(bytes.count + 1))
            #expect(Self.isValid(bytes, cut: cut) == expected, "seed \(seed): \(bytes)")
        }
    }

    @Test("A bad byte is refused before its character is complete")
    func early() {
        for bytes in [
            [0xC0], [0xC1], [0xF5], [0xFF], [0x80], [0xE0, 0x9F], [0xED, 0xA0], [0xF0, 0x8F], [0xF4, 0x90],
        ] as [[UInt8]] {
            var check = UTF8Check()
            #expect(!bytes.withUnsafeBytes { check.accept($0) }, "\(bytes)")
        }
    }

    @Test(
        "A prefix ends between characters",
        arguments: [("a€b", 1, "a"), ("a€b", 3, "a"), ("a€b", 4, "a€"), ("a€b", 9, "a€b"), ("€", 2, "")])
    func prefixes(text: String, limit: Int, expected: String) {
        #expect(UTF8Check.prefix(text, byteLimit: limit) == expected)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct SeededDice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
