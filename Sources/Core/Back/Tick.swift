import State

/// One tick, as the application's rule sees it: what happened, and what may be said about it.
///
/// It lives for the one call of `step`. Answers given here leave after the tick has been committed, in the order patches, answers
/// to joins, acks and refusals, messages.
public struct Tick: ~Copyable {
    let channel: ChannelCore
    /// Counts this channel's ticks from 1, without gaps.
    public let number: UInt64
    /// The channel's id.
    public var channelID: String { channel.id.text }
    /// The same numbers for the same tick of the same lineage, so that a replay rolls what the original rolled.
    public var dice: Dice

    // Inputs that are the next events, and the bytes that they are in; see `ChannelCore+Inputs.swift`.
    private let ready: ReadyInputs
    private var nextReady = 0
    private let storage: [UInt8]
    private let ring: TickRing?

    init(_ channel: ChannelCore) {
        ring = channel.ring
        self.channel = channel
        number = channel.tick.rawValue
        ready = channel.ready
        storage = channel.reading.inbox.bytes
        dice = Dice(seed: channel.lineage.rawValue ^ (channel.tick.rawValue &* 0x9E37_79B9_7F4A_7C15))
    }

    /// The next thing that happened, or nil at the end.
    public mutating func next() -> Event? {
        if let ring { return nextRecorded(in: ring) }
        guard nextReady < ready.count, !channel.reading.isInterrupted else { return nextOfAll() }
        return nextInput()
    }

    /// Treats what the rule left unread as read.
    mutating func readTheRest() {
        ring?.eventEnded()
        while nextEvent() != nil {}
    }

    /// As `nextEvent`, written down, so that whoever finds this process dead knows where it stood.
    private mutating func nextRecorded(in ring: TickRing) -> Event? {
        ring.eventEnded()
        while let event = nextEvent() {
            guard case .input(let input) = event else {
                ring.otherEventBegan(nil)
                return event
            }
            if channel.refusesPoison(input, ring) { continue }
            ring.inputBegan(input)
            return event
        }
        return nil
    }

    private mutating func nextEvent() -> Event? {
        guard nextReady < ready.count, !channel.reading.isInterrupted else { return nextOfAll() }
        return nextInput()
    }

    @inline(__always)
    private mutating func nextInput() -> Event {
        let input = ready[nextReady]
        nextReady &+= 1
        return .input(
            Input(
                bytes: Bytes(storage, start: input.start, byteCount: input.byteCount), session: input.session,
                number: input.number))
    }

    private mutating func nextOfAll() -> Event? {
        while nextReady < ready.count {
            if let event = channel.nextPendingEvent() { return event }
            guard channel.isCurrent(ready[nextReady]) else {
                nextReady += 1
                continue
            }
            return nextInput()
        }
        nextReady = 0
        ready.clear()
        switch channel.nextStep() {
        case .event(let event): return event
        case .end: return nil
        case .inputs: return nextEvent()
        }
    }

    /// Says no to an input. Its number is consumed, and its sender is told the reason (cut at 512 bytes).
    public func refuse(_ input: Input, _ reason: String) { channel.refuse(input, reason) }

    /// Says no to a request. Good until the next call of `next()`.
    public func refuse(_ request: Request, _ reason: String) { channel.decide(.refuse(reason)) }

    /// Says yes to a request, with data for whoever asked. Good until the next call of `next()`.
    public func accept(_ request: Request, data: [UInt8]) { channel.decide(.accept(data)) }

    /// Ends a session's stay, with a reason that it is told. It may not resume.
    public func dismiss(_ session: SessionID, _ reason: String) { channel.dismiss(session, Farewell(.refused, reason)) }

    /// What clients know a session by, which is its key in what they see of tables keyed by sessions. For fields that name a
    /// session: `owner: SessionNumber`. Nil if it is not in the channel.
    public func number(of session: SessionID) -> SessionNumber? { channel.number(of: session) }

    // MARK: Audiences

    /// Puts a session into an audience: from this tick's patch on it sees the rows that are for it. Everyone is in `.everyone`
    /// and each session in its own, without entering; nobody may enter `.nobody`. It stays in it while its connection is lost,
    /// until it leaves the audience or the channel.
    ///
    /// False, and nothing changes, if the session is not in the channel or is in 1024 audiences already.
    @discardableResult
    public func enter(_ audience: Audience, _ session: SessionID) -> Bool { channel.enter(audience, session) }

    /// Takes a session out of an audience: with this tick's patch the rows that are for it vanish from the session's view.
    /// Nothing happens if it is not in it.
    public func leave(_ audience: Audience, _ session: SessionID) { channel.leave(audience, session) }

    /// Puts a session into exactly these audiences, for views that move, as the cells around a player. Its own stays.
    ///
    /// False, and nothing changes, if the session is not in the channel or if there are more than 1024.
    @discardableResult
    public func setAudiences(_ audiences: some Sequence<Audience>, of session: SessionID) -> Bool {
        channel.setAudiences(audiences, of: session)
    }

    /// The audiences that a session is in beside `.everyone`, in the order in which they were first used; empty for one that is
    /// not in the channel.
    public func audiences(of session: SessionID) -> [Audience] { channel.audiences(of: session) }

    /// How often the channel ticks. A change holds from the next tick on.
    public var rate: Rate {
        get { channel.settings.rate }
        nonmutating set { channel.settings.rate = newValue }
    }

    /// The sessions of the channel, detached ones included.
    public var sessionCount: Int { channel.sessions.count }
}

/// A seeded generator: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
public struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
