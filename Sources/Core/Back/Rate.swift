/// How often a channel ticks. 20 Hz by default.
public struct Rate: Hashable, Sendable {
    /// The time between two ticks in nanoseconds; 0 when the channel ticks by hand only.
    package let periodNanoseconds: UInt64

    /// `hertz` ticks a second, from one in 1000 s to 10,000 a second; 0 stops the clock and leaves ticking by hand.
    public static func hertz(_ hertz: Double) -> Rate {
        guard hertz > 0 else { return .byHand }
        precondition(hertz >= 0.001 && hertz <= 10_000, "a rate of \(hertz) Hz is outside 0.001…10,000")
        return Rate(periodNanoseconds: UInt64((1e9 / hertz).rounded()))
    }

    /// No ticks but those that are asked for.
    public static let byHand = Rate(periodNanoseconds: 0)

    package var ticksPerKilosecond: UInt64 { periodNanoseconds == 0 ? 0 : 1_000_000_000_000 / periodNanoseconds }

    /// The first grid slot after `now`. The grid is absolute, so channels of one rate tick together.
    package func slot(after now: Instant) -> Instant? {
        guard periodNanoseconds > 0 else { return nil }
        return Instant(nanoseconds: (now.nanoseconds / periodNanoseconds + 1) * periodNanoseconds)
    }
}

/// What a channel does about slots that it missed because a tick took too long.
public enum Overrun: Hashable, Sendable {
    /// Goes on at the next slot; the missed ones are counted.
    case skip
    /// Runs the missed slots at once, at most this many, and skips the rest.
    case catchUp(limit: Int)
}

/// What a channel without links does.
public enum Idle: Hashable, Sendable {
    /// Steps only for what happens to it: links, messages, sessions that expire.
    case pause
    /// Goes on stepping.
    case step
}

/// How the channels of a family run.
public struct ChannelSettings: Hashable, Sendable {
    public var rate: Rate
    public var overrun: Overrun
    public var idle: Idle
    /// An idle channel of a family (no link, no session) is closed after this time, its state with it.
    public var closesAfter: Duration?
    /// Every so many versions the state's hash rides along, and clients check theirs; 0 for never.
    public var hashPeriod: Int
    /// How many bytes of inputs each front may have under way to the channel, on their way or waiting for a tick: as many are given back
    /// as a tick takes in. A front with more than that does not read the clients that fill it.
    public let inboxCreditBytes: Int

    /// `inboxCreditBytes` is from 1 to 8 MiB.
    public init(
        rate: Rate = .hertz(20), overrun: Overrun = .skip, idle: Idle = .pause, closesAfter: Duration? = .seconds(60),
        hashPeriod: Int = 64, inboxCreditBytes: Int = 1 << 20
    ) {
        precondition(hashPeriod >= 0, "a hash every \(hashPeriod) versions")
        precondition(
            Limits.linkCreditBytes <= inboxCreditBytes && inboxCreditBytes <= Limits.inboxBytes,
            "an inbox credit of \(inboxCreditBytes) bytes is outside 1…8 MiB")
        self.rate = rate
        self.overrun = overrun
        self.idle = idle
        self.closesAfter = closesAfter
        self.hashPeriod = hashPeriod
        self.inboxCreditBytes = inboxCreditBytes
    }
}
