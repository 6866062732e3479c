import Core
import State

/// Everything that a seed decides before its world begins: how large the cluster is, who its clients are, what its network is
/// like, and which faults come when. A shorter plan of the same seed leaves out some of it.
package struct Plan: Sendable {
    package let seed: UInt64
    package var frontCount: Int
    package var backCount: Int
    package var clientCount: Int
    package var channelCount: Int
    /// How long faults go on.
    package var safety: Duration
    package var faults: [PlannedFault]
    var conditions: NetworkConditions
    var hertz: Double
    /// Those who send what they should not.
    var strangerCount: Int
    /// Those of the text form.
    var textCount: Int
    /// How many of ten clients speak plain frames, not WebSocket.
    var plainTenths: Int
    /// How many of ten clients leave undecided inputs to their application.
    var reportTenths: Int
    /// Between two doings of one client, in milliseconds.
    var thinkMilliseconds: UInt64
    /// How long inputs wait for company at a front.
    var flushMilliseconds: Int

    package init(seed: UInt64) {
        var dice = Dice(seed: seed &* 0x9E37_79B9 &+ 7)
        self.seed = seed
        frontCount = 1 + dice.below(4)
        backCount = 1 + dice.below(3)
        channelCount = 1 + dice.below(4)
        let isLarge = dice.chance(1, in: 60)
        clientCount = isLarge ? 100 + dice.below(150) : 3 + dice.below(dice.chance(1, in: 3) ? 18 : 7)
        safety = .milliseconds(isLarge ? 4000 : 5000 + dice.below(15_000))
        conditions = .some(&dice)
        hertz = [5, 10, 20, 20, 50].randomElement(using: &dice) ?? 20
        plainTenths = dice.below(11)
        reportTenths = dice.below(8)
        thinkMilliseconds = isLarge ? 3000 : dice.within(60...500)
        flushMilliseconds = [1, 1, 5, 0].randomElement(using: &dice) ?? 1
        strangerCount = dice.chance(1, in: 2) ? 0 : 1 + dice.below(3)
        faults = PlannedFault.some(during: safety, &dice)
        faults += PlannedFault.orders(during: safety, &dice)
        faults.sort { $0.at < $1.at }
        textCount = dice.chance(1, in: 2) ? 0 : 1 + dice.below(3)
    }

    package var channels: [String] { (0..<channelCount).map { "room/\($0 + 1)" } }

    /// The place of a channel among the plan's; -1 if it is none of them.
    func place(of channel: String) -> Int { channels.firstIndex(of: channel) ?? -1 }

    var fronts: [String] { (1...frontCount).map { "front-\($0)" } }
    var backs: [String] { (1...backCount).map { "back-\($0)" } }

    /// Whether something in it lets a back forget a session.
    var mayLoseSessions: Bool { false }

    /// What a failure and `--seed` print.
    package var summary: String {
        "\(frontCount) fronts, \(backCount) backs, \(channelCount) channels, \(clientCount) clients, \(textCount) of the text form, \(strangerCount) strangers, \(hertz) Hz, "
            + "\(safety / .seconds(1)) s with \(faults.count) faults"
    }
}
