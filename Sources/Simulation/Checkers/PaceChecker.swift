import Core

/// G4: while one client does not read and one front does not run, everybody else's inputs are decided in time, and the ticks
/// keep to their grid.
final class PaceChecker {
    private unowned let world: World
    /// Clients that must not be delayed, while it is measured.
    private var timed: Set<Int> = []
    private var ticksBefore: [String: UInt64] = [:]
    private var begunAt = Instant(nanoseconds: 0)

    init(_ world: World) { self.world = world }

    /// Two ticks, and what a calm network and a client's timer take.
    private var bound: Duration { .milliseconds(Int64(2000 / world.plan.hertz) + 250) }

    /// From now on nobody but `slow` and the clients of `stalled` may be late.
    func begin(slow: SimulatedClient, stalled: SimulatedFront?) {
        begunAt = world.scheduler.now
        timed = []
        for client in world.clients where client !== slow {
            guard client.stream?.peer?.process !== stalled || stalled == nil else { continue }
            timed.insert(client.number)
        }
        ticksBefore = ticks
    }

    /// An input has its outcome, so long after it was said.
    func settled(_ client: Int, sentAt: Instant, now: Instant, _ index: Int) {
        guard timed.contains(client), now.since(sentAt) > bound else { return }
        world.fail(.g4, "input \(index) of client-\(client) took \(now.since(sentAt)) while somebody else was slow")
    }

    func end() {
        for client in world.clients where timed.contains(client.number) {
            for sent in client.ledger.openWishes where client.now.since(sent.sentAt) > bound {
                world.fail(.g4, "input \(sent.wish.index) of \(client.name) waits while somebody else is slow")
            }
        }
        timed = []
        let wanted: Double = world.scheduler.now.since(begunAt) / .seconds(1) * world.plan.hertz
        for (channel, count) in ticks.sorted(by: { $0.key < $1.key }) {
            // A channel that was made anew meanwhile counts from 1 again.
            guard let before = ticksBefore[channel], count >= before, Double(count - before) < wanted - 2 else {
                continue
            }
            world.fail(.g4, "\(channel) ran \(count - before) ticks of \(Int(wanted)) while somebody was slow")
        }
    }

    private var ticks: [String: UInt64] {
        var ticks: [String: UInt64] = [:]
        for back in world.table.backs where !world.isGhost(back) {
            for status in back.core.channelStatus where status.linkCount > 0 { ticks[status.id] = status.tick.rawValue }
        }
        return ticks
    }
}
