import Core
import State

/// Between which places a connection goes.
package enum Path: Sendable {
    /// Processes of one machine or one rack.
    case near
    /// A client and its cluster.
    case far
}

/// What a network does to bytes without breaking anything.
package struct NetworkConditions: Sendable {
    /// One way, in microseconds.
    var nearMicroseconds: ClosedRange<UInt64>
    var farMicroseconds: ClosedRange<UInt64>
    /// What is added to each write's way, in microseconds.
    var jitterMicroseconds: ClosedRange<UInt64>
    /// Of 1000 reads, those that get only a part; of 1000 writes, those of which only a part is taken.
    var splitPermille: UInt64
    var shortWritePermille: UInt64
    /// Of 1000 connections, those whose first packet is lost and sent again after a second.
    var lateConnectPermille: UInt64
    /// What the kernels hold of one direction.
    var capacityBytes: ClosedRange<UInt64>

    /// Everything arrives soon and as it was written.
    package static let calm = NetworkConditions(
        nearMicroseconds: 50...200, farMicroseconds: 200...2000, jitterMicroseconds: 0...0, splitPermille: 0,
        shortWritePermille: 0, lateConnectPermille: 0, capacityBytes: (256 << 10)...(256 << 10))

    /// Some network or other.
    package static func some(_ dice: inout Dice) -> NetworkConditions {
        let far: [ClosedRange<UInt64>] = [200...2000, 5000...60_000, 20_000...400_000]
        let jitter: [ClosedRange<UInt64>] = [0...0, 0...500, 0...20_000]
        let capacity: [ClosedRange<UInt64>] = [2000...8000, 16_000...64_000, 200_000...300_000]
        return NetworkConditions(
            nearMicroseconds: Bool.random(using: &dice) ? 30...300 : 100...5000,
            farMicroseconds: far.randomElement(using: &dice) ?? 200...2000,
            jitterMicroseconds: jitter.randomElement(using: &dice) ?? 0...0,
            splitPermille: [0, 50, 400].randomElement(using: &dice) ?? 0,
            shortWritePermille: [0, 20, 200].randomElement(using: &dice) ?? 0,
            lateConnectPermille: [0, 50].randomElement(using: &dice) ?? 0,
            capacityBytes: capacity.randomElement(using: &dice) ?? 200_000...300_000)
    }

    func latency(_ path: Path, _ dice: inout Dice) -> Duration {
        .microseconds(Int64(dice.within(path == .near ? nearMicroseconds : farMicroseconds)))
    }

    func jitter(_ dice: inout Dice) -> Duration {
        jitterMicroseconds.upperBound == 0 ? .zero : .microseconds(Int64(dice.within(jitterMicroseconds)))
    }

    func connectDelay(_ dice: inout Dice) -> Duration {
        guard lateConnectPermille > 0, dice.next() % 1000 < lateConnectPermille else { return .zero }
        return dice.next() % 3 == 0 ? .seconds(3) : .seconds(1)
    }

    func capacity(_ dice: inout Dice) -> Int { Int(dice.within(capacityBytes)) }

    func readSize(_ available: Int, _ dice: inout Dice) -> Int { part(of: available, splitPermille, &dice) }

    func writeSize(_ room: Int, _ dice: inout Dice) -> Int { part(of: room, shortWritePermille, &dice) }

    private func part(of whole: Int, _ permille: UInt64, _ dice: inout Dice) -> Int {
        guard permille > 0, whole > 1, dice.next() % 1000 < permille else { return whole }
        // Mostly tiny: a header cut in two is where mistakes are.
        let limit = dice.next() % 2 == 0 ? min(whole, 8) : whole
        return 1 + Int(dice.next() % UInt64(limit))
    }
}

extension Dice {
    /// A number of a range, each equally likely as far as it matters here.
    mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next() % (range.upperBound - range.lowerBound + 1)
    }

    /// True `count` times in `of`.
    mutating func chance(_ count: UInt64, in all: UInt64) -> Bool { next() % all < count }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }
}
