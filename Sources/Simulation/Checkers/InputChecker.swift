import Core
import State

/// G1: a session's inputs are applied in order, each at most once in an epoch, and exactly once where the back lives on; each
/// input ends in one outcome, and the outcome is true.
final class InputChecker {
    private unowned let world: World
    private var ledgers: [Int: InputLedger] = [:]
    /// The last index of each client that a life of a channel took, by lineage.
    private var lastOf: [Lineage: [Int: Int]] = [:]
    /// How many lives each channel has had, to know whether an undecided input had a reason.
    private var livesOf: [String: Set<Lineage>] = [:]
    /// Sessions that a back let go of.
    private var expiredCount: [SessionID: Int] = [:]

    init(_ world: World) { self.world = world }

    func add(_ ledger: InputLedger) { ledgers[ledger.client] = ledger }
    func ledger(_ client: Int) -> InputLedger? { ledgers[client] }
    var sentCount: Int { ledgers.values.reduce(0) { $0 + $1.sent.count } }

    /// A back's tick took these.
    func applied(_ entries: [RuleJournal.Entry], channel: String, lineage: Lineage) {
        livesOf[channel, default: []].insert(lineage)
        for entry in entries { applied(entry, channel, lineage) }
    }

    func departed(_ session: SessionID) { expiredCount[session, default: 0] += 1 }

    private func applied(_ entry: RuleJournal.Entry, _ channel: String, _ lineage: Lineage) {
        let wish = entry.wish
        let who = "input \(wish.index) of client-\(wish.client)"
        world.trace { "\(channel): \(entry.isRefused ? "refuses" : "applies") \(who)" }
        guard let ledger = ledgers[wish.client], wish.index >= 1, wish.index <= ledger.sent.count,
            ledger[wish.index - 1].wish == wish
        else { return world.fail(.g1, "\(channel) took \(wish), which nobody said") }
        if world.plan.place(of: channel) != wish.channel {
            world.fail(.g1, "\(who) was meant for \(world.plan.channels[wish.channel]) and taken by \(channel)")
        }
        if ledger.session != entry.session, ledger.session != nil {
            world.fail(.g1, "\(who) was taken as session \(entry.session)'s, who is another")
        }
        let last = lastOf[lineage, default: [:]][wish.client] ?? 0
        if wish.index == last { world.fail(.g1, "\(who) was taken twice in one life of \(channel)") }
        if wish.index < last { world.fail(.g1, "\(who) was taken by \(channel) behind \(last)") }
        lastOf[lineage, default: [:]][wish.client] = max(last, wish.index)
        switch ledger[wish.index - 1].outcome {
        case .refused(let reason)? where reason != "refused as asked":
            world.fail(.g1, "\(who) was refused ('\(reason)') and then taken")
        default: break
        }
        if entry.isRefused {
            ledger[wish.index - 1].refusedCount += 1
            world.tally.inputsRefusedByRule += 1
        } else {
            ledger[wish.index - 1].appliedCount += 1
            world.tally.inputsApplied += 1
        }
    }

    /// A client was told what became of an input.
    func settled(_ ledger: InputLedger, _ channel: String, _ ticket: InputTicket, _ outcome: InputOutcome, now: Instant)
    {
        guard let place = ledger.index(of: ticket) else {
            return world.fail(.g1, "client-\(ledger.client) was told of an input that it never sent")
        }
        settled(ledger, place, outcome, now: now)
    }

    func settled(_ ledger: InputLedger, _ place: Int, _ outcome: InputOutcome, now: Instant) {
        let sent = ledger[place]
        let who = "input \(place + 1) of client-\(ledger.client) to \(sent.channel)"
        world.trace { "client-\(ledger.client): input \(place + 1) is \(outcome)" }
        if let before = sent.outcome { return world.fail(.g1, "\(who) was \(before) and then \(outcome)") }
        ledger.end(place, outcome)
        world.pace.settled(ledger.client, sentAt: sent.sentAt, now: now, place + 1)
        switch outcome {
        case .acked:
            world.tally.inputsAcked += 1
            if sent.appliedCount == 0 { world.fail(.g1, "\(who) was acked and never applied") }
        case .refused(let reason):
            world.tally.inputsRefused += 1
            if sent.appliedCount > 0 { world.fail(.g1, "\(who) was refused ('\(reason)') and applied") }
        case .undecided:
            world.tally.inputsUndecided += 1
            checkReason(ledger, sent, who)
        }
    }

    /// While a channel lives and its session is kept, nothing is undecided.
    private func checkReason(_ ledger: InputLedger, _ sent: InputLedger.Sent, _ who: String) {
        guard !sent.isEndedByOwner, livesOf[sent.channel, default: []].count <= 1, !world.hadGhost else { return }
        if let session = ledger.session, expiredCount[session, default: 0] > 0 { return }
        if world.plan.mayLoseSessions { return }
        world.fail(.g1, "\(who) is undecided though \(sent.channel) lives on")
    }

    /// When all is over: every input has ended.
    func checkAllEnded() {
        for number in ledgers.keys.sorted() {
            guard let ledger = ledgers[number], ledger.openCount > 0 else { continue }
            let first = ledger.sent.firstIndex { $0.outcome == nil } ?? 0
            world.fail(
                .g1,
                "\(ledger.openCount) inputs of client-\(number) never ended, the first is \(first + 1) to \(ledger[first].channel)"
            )
        }
    }
}
