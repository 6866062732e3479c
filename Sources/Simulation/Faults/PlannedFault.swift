import Core
import State

/// What may go wrong.
package enum FaultKind: String, Sendable, CaseIterable, Comparable {
    case cutClient = "client connection cut"
    case halfOpenClient = "client connection half open"
    case cutTrunk = "trunk cut"
    case halfOpenTrunk = "trunk half open"
    case cutHubLine = "line to the hub cut"
    case slowReader = "slow reader"
    case slowWay = "slow way"
    case crashFront = "front killed"
    case crashBack = "back killed"
    case crashHub = "hub killed"
    case crashMidway = "killed between two directives"
    case stall = "process stalled"
    case stallClient = "client stalled"
    case clockJump = "clock ahead"
    case wallStep = "wall clock stepped"
    case ghostBack = "back alive though replaced"
    case drainFront = "front drained"
    case takeOver = "hub taken over"

    package static func < (one: FaultKind, other: FaultKind) -> Bool { one.rawValue < other.rawValue }

    /// What operators do. They are planned apart from what breaks.
    static let orders: [FaultKind] = [.drainFront, .takeOver]

    /// How likely it is beside the others that break.
    var weight: Int {
        switch self {
        case .cutClient, .slowReader: 10
        case .halfOpenClient, .cutTrunk: 6
        case .slowWay, .stall, .stallClient: 4
        case .crashFront, .crashBack, .crashMidway: 3
        case .crashHub, .cutHubLine, .clockJump, .halfOpenTrunk: 2
        case .wallStep, .ghostBack: 1
        case .drainFront, .takeOver: 0
        }
    }
}

/// One fault of a plan: when, what, and the chance by which it chooses whom and how badly.
package struct PlannedFault: Sendable {
    package let at: Duration
    package let kind: FaultKind
    package let chance: UInt64

    /// Faults during a time, some seeds few and some many, and of some kinds more.
    static func some(during time: Duration, _ dice: inout Dice) -> [PlannedFault] {
        let perSecond = ([0.3, 1, 3] as [Double])[dice.below(3)]
        let seconds: Double = time / .seconds(1)
        let count = Int(seconds * perSecond)
        let kinds = FaultKind.allCases.filter { !FaultKind.orders.contains($0) }
        var weights = kinds.map { ($0, $0.weight * (dice.chance(1, in: 4) ? 6 : 1)) }
        // Now and then a kind does not occur at all, so that the others have longer runs.
        for place in weights.indices where dice.chance(1, in: 5) { weights[place].1 = 0 }
        let sum = weights.reduce(0) { $0 + $1.1 }
        guard sum > 0 else { return [] }
        var faults: [PlannedFault] = []
        for _ in 0..<count {
            var left = dice.below(sum)
            let kind = weights.first { _, weight in
                left -= weight
                return left < 0
            }
            let at = Duration.milliseconds(500 + dice.below(max(1, Int(seconds * 1000) - 500)))
            faults.append(PlannedFault(at: at, kind: kind?.0 ?? .cutClient, chance: dice.next()))
        }
        return faults.sorted { $0.at < $1.at }
    }
    /// What operators do meanwhile: in every third world nothing.
    static func orders(during time: Duration, _ dice: inout Dice) -> [PlannedFault] {
        let milliseconds: Double = time / .milliseconds(1)
        return (0..<dice.below(3)).map { _ in
            PlannedFault(
                at: .milliseconds(500 + dice.below(max(1, Int(milliseconds) - 500))),
                kind: FaultKind.orders.randomElement(using: &dice) ?? .drainFront, chance: dice.next())
        }
    }
}
