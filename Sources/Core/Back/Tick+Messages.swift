import State

/// What a rule says to others beside its state. A message is at most once: its way ends where something is full, broken or gone,
/// and what is dropped is counted. It has at most 262,080 bytes. Messages of one tick to one receiver keep their order.
extension Tick {
    /// Sends a message to one session, at whatever front it is, in order with this tick's patch. False if it is not attached or
    /// if too much waits for its front already: the message is dropped.
    @discardableResult
    public func send(_ data: [UInt8], to session: SessionID) -> Bool { channel.send(data, to: [session]) == 1 }

    /// Sends a message to some sessions, one frame to each front. Answers to how many of them it is on its way.
    @discardableResult
    public func send(_ data: [UInt8], to sessions: some Sequence<SessionID>) -> Int { channel.send(data, to: sessions) }

    /// Sends a message to every session of the channel.
    public func sendToAll(_ data: [UInt8]) { channel.sendToAll(data) }

    /// Sends a message to front processes: those linked to this channel hear it at their `Link`, others at their `Front`. Answers
    /// to how many of them it is on its way.
    @discardableResult
    public func send(_ data: [UInt8], toFronts fronts: FrontSelection) -> Int { channel.send(data, toFronts: fronts) }

    /// Sends a message to one front process, linked to this channel or not. False if it is not connected.
    @discardableResult
    public func send(_ data: [UInt8], toFront front: String) -> Bool {
        channel.send(data, toFronts: .named([front])) > 0
    }

    /// Sends a message to another channel, in whichever back it lives: a `.message` event with this channel's id in one of its
    /// ticks. A front carries it, because fronts know which back owns what; a channel that is not there yet comes to be.
    ///
    /// Messages from one channel to another keep their order as long as the same front carries them. False if no front is
    /// connected, or if this tick has said too much: the message is dropped.
    @discardableResult
    public func send(_ data: [UInt8], toChannel channel: String) -> Bool {
        self.channel.send(data, toChannel: channel)
    }
}
