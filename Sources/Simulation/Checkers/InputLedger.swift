import Core
import State

/// What one client sent and what it was told of it.
final class InputLedger {
    struct Sent {
        let wish: Wish
        let channel: String
        let sentAt: Instant
        var outcome: InputOutcome?
        /// How often a back applied or refused it, in any life of the channel.
        var appliedCount = 0
        var refusedCount = 0
        /// Whether the client itself did something since that leaves inputs undecided.
        var isEndedByOwner = false
    }

    let client: Int
    let policy: UndecidedPolicy
    var session: SessionID?
    private(set) var sent: [Sent] = []
    private var indexOf: [InputTicket: Int] = [:]
    private(set) var openCount = 0
    /// What it said beside its inputs.
    var sayingCount = 0
    /// When the client last let go of each channel.
    private var endedAt: [String: Instant] = [:]

    init(client: Int, policy: UndecidedPolicy) {
        self.client = client
        self.policy = policy
    }

    /// Indexes count from 1.
    var nextIndex: Int { sent.count + 1 }

    func sent(_ wish: Wish, _ channel: String, _ ticket: InputTicket, at now: Instant) {
        indexOf[ticket] = sent.count
        // A grant that was on its way when it was given back again is told all the same, and good for nothing.
        let isUnsteady = endedAt[channel].map { now.since($0) < .seconds(30) } ?? false
        sent.append(Sent(wish: wish, channel: channel, sentAt: now, isEndedByOwner: isUnsteady))
        openCount += 1
    }

    func index(of ticket: InputTicket) -> Int? { indexOf[ticket] }

    subscript(index: Int) -> Sent {
        get { sent[index] }
        set { sent[index] = newValue }
    }

    func end(_ index: Int, _ outcome: InputOutcome) {
        sent[index].outcome = outcome
        openCount -= 1
    }

    /// The client lets go of a channel: what is open there may end undecided.
    func noteOwnEnd(of channel: String, at now: Instant) {
        endedAt[channel] = now
        for index in sent.indices.reversed() where sent[index].outcome == nil && sent[index].channel == channel {
            sent[index].isEndedByOwner = true
        }
    }

    var openWishes: [Sent] { sent.filter { $0.outcome == nil } }
}
