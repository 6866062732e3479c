/// What became of an input. Each input that was taken ends in exactly one of these.
public enum InputOutcome: Hashable, Sendable {
    /// The back applied it in this tick, or found that it had applied it before. `tick` is 0 if the connection was away meanwhile.
    case acked(tick: UInt64)
    /// It changed nothing, and the reason says why: the application's, or this client's if it never left.
    case refused(String)
    /// Nobody can say whether it was applied: the back that had it is gone, or the right to write went elsewhere.
    case undecided
}

/// What a client does with inputs that a lost back leaves undecided.
public enum UndecidedPolicy: Hashable, Sendable {
    /// Sends them again under the new grant: at least once.
    case resend
    /// Ends them as `.undecided`, and leaves the rest to the application: at most once.
    case report
}

/// One input within one client, so that its outcome finds who sent it. Never used again.
package struct InputTicket: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The answer to offering an input.
package enum InputOffer: Hashable, Sendable {
    /// It waits for the window or is on its way; its outcome follows under this ticket.
    case queued(InputTicket)
    /// Nothing was taken.
    case refused(String)
}

/// Whether an input waits at the front for company.
public enum InputPace: Sendable, Hashable {
    /// It leaves for the back with others, after a millisecond at most.
    case batched
    /// It leaves at once, with all that was sent before it.
    case immediate
}
