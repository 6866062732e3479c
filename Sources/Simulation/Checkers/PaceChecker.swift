import Core

/// G4: while one client does not read and one front does not run, everybody else's inputs are decided in time, and the ticks
/// keep to their grid.
final class PaceChecker {
    private unowned let world: World
    /// Clients that must not be delayed, while it is measured.
    private var timed: Set<Int> = []
    private var ticksBefore: [Place: UInt64] = [:]
    private var begunAt = Instant(nanoseconds: 0)

    /// One life of a channel in one back process.
    private struct Place: Hashable, Comparable {
        let back: Int32
        let channel: String
        let lineage: Lineage

        static func < (one: Place, other: Place) -> Bool {
            (one.channel, one.back, one.lineage) < (other.channel, other.back, other.lineage)
        }
    }

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
        let ticksAfter = ticks
        for (place, before) in ticksBefore.sorted(by: { $0.key < $1.key }) {
            guard let count = ticksAfter[place] else {
                world.fail(.g4, "\(place.channel) was let go of while somebody was slow")
                continue
            }
            guard count >= before, Double(count - before) >= wanted - 2 else {
                world.fail(
                    .g4,
                    "\(place.channel) ran \(Int(count) - Int(before)) ticks of \(Int(wanted)) while somebody was slow")
                continue
            }
        }
    }

    private var ticks: [Place: UInt64] {
        var ticks: [Place: UInt64] = [:]
        for back in world.table.backs where !world.isGhost(back) {
            // Strangers' channels close when they have gone.
            for status in back.core.channelStatus
            where status.linkCount > 0 && world.plan.channels.contains(status.id) {
                ticks[Place(back: back.pid, channel: status.id, lineage: status.lineage)] = status.tick.rawValue
            }
        }
        return ticks
    }
}
