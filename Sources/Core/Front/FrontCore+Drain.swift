/// How a front sends its clients to the others before it ends: one after the other, each told 1012 (moved), so that the others
/// do not get them all at once.
///
/// Nothing is lost on the way: what a client sent is in the hands of its back or not acked, and clients send again what was
/// not acked when they resume.
package struct FrontDrain: Sendable {
    /// Those that are still to be told, the last first.
    var waiting: [ConnectionID]
    var nextAt: Instant
    let pace: Duration
    let deadline: Instant
    /// Sessions that were told, and of those the ones whose connection had to be cut at the deadline.
    package fileprivate(set) var movedCount = 0
    package fileprivate(set) var cutOffCount = 0
    /// Nothing is left to do: the front may end.
    package fileprivate(set) var isDone = false

    /// The longest wait between two clients: few of them need not fill the time.
    static let longestPace: Duration = .milliseconds(50)

    /// When it wants to be asked next.
    var wakeAt: Instant? {
        if isDone { return nil }
        return waiting.isEmpty ? deadline : min(nextAt, deadline)
    }
}

extension FrontCore {
    /// Take no new connection, and move those that are here within `time`: they are told over three quarters of it, the rest is
    /// for what has to be written out. A second call changes nothing.
    package mutating func drain(within time: Duration, now: Instant) {
        self.now = now
        guard drain == nil else { return }
        isDraining = true
        let ids = connections.keys.sorted()
        let pace = min(time * 0.75 / max(ids.count, 1), FrontDrain.longestPace)
        drain = FrontDrain(waiting: ids.reversed(), nextAt: now, pace: pace, deadline: now + time)
        stepDrain()
    }

    /// Tells whoever is due, and looks whether all is done. Called with each tick and each end of a connection.
    mutating func stepDrain() {
        guard var drain, !drain.isDone else { return }
        while let id = drain.waiting.last, drain.nextAt <= now {
            drain.waiting.removeLast()
            guard let connection = connections[id], !connection.isClosing else { continue }
            if case .answering = connection.phase {
                // Its answer is on its way from the hub.
                drain.waiting.insert(id, at: 0)
                drain.nextAt = now + FrontDrain.longestPace
                break
            }
            if connection.stay != nil { drain.movedCount += 1 }
            fail(connection, Farewell(.moved, "\(settings.name) is drained; connect again"))
            drain.nextAt = drain.nextAt + drain.pace
        }
        if connections.isEmpty {
            drain.isDone = true
        } else if now >= drain.deadline {
            drain.cutOffCount = connections.values.reduce(0) {
                $0 + ($1.stay != nil || $1.farewell?.code == .moved ? 1 : 0)
            }
            drain.isDone = true
        }
        self.drain = drain
    }
}
