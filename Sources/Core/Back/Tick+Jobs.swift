import State

/// Work that a tick has done by others. It leaves when the tick has been committed and waits in the channel's outbox, which is part
/// of its state, until the hub has it on disk. A worker with a mirror of this channel does it from the version that this tick makes,
/// or a later one.
extension Tick {
    /// Says that work is out of date, as `tick.submit(.page("/b/12"))`. The hub's queue has it done once, however often that is
    /// said. What the queue has no room for now is offered again each second.
    ///
    /// False, counted, if the outbox is full (1024 pieces of work, 4 MiB), if the key or the payload is too long, or if this back
    /// has no hub.
    @discardableResult
    public func submit(_ work: Work) -> Bool { channel.submit(work, isAsk: false) != nil }

    /// Submits work whose answers come back as `.answered` events of later ticks: that the hub has it or why not, and later what
    /// became of it, with the result.
    ///
    /// It is done at least once: a hub that was away is asked again. Nil where `submit` answers false, and beyond 64 open asks.
    public func ask(_ work: Work) -> AskID? { channel.submit(work, isAsk: true).map(AskID.init(rawValue:)) }
}
