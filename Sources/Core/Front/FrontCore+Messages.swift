import State

/// Messages beside the inputs: from clients and programs to channels, and from one channel to another. All of them are at most
/// once: what has no way at the moment is dropped and counted.
extension FrontCore {
    // MARK: From clients

    /// A client says something to channels that it reads. It leaves at once, behind the inputs that were said before it.
    mutating func said(_ said: ClientSaid, _ connection: FrontConnection) throws(Farewell) {
        guard let stay = connection.stay else { throw Farewell(.protocolError, "the first message is hello") }
        guard said.data.count <= Limits.messageBytes else {
            throw Farewell(.tooBig, "a message has at most \(Limits.messageBytes) bytes")
        }
        if said.channels.isEmpty {
            for read in stay.reads { say(said.data, to: read, stay, connection) }
        }
        for channel in said.channels {
            guard let read = stay.reads.first(where: { $0.channel == channel }) else {
                counters.messagesDropped += 1
                continue
            }
            say(said.data, to: read, stay, connection)
        }
    }

    private mutating func say(
        _ data: [UInt8], to read: ClientRead, _ stay: ClientStay, _ connection: FrontConnection
    ) {
        guard connection.speech.admits(data.count, now: now), links[read.link]?.number != nil,
            let trunk = roomyTrunk(of: read.link), flushedBatch(read.link)
        else {
            counters.messagesDropped += 1
            return
        }
        counters.messages += 1
        let message = ToBack(channel: read.channel, member: read.member, data: data)
        trunks[trunk]!.output.frame(.toBack) { message.encode(into: &$0) }
    }

    /// Inputs that do not wait for company: they leave with all that was said before them.
    mutating func flushGranted(_ connection: FrontConnection) {
        guard let stay = connection.stay, let channel = stay.grantedChannel,
            let read = stay.reads.first(where: { $0.channel == channel })
        else { return }
        flushBatch(read.link)
    }

    /// Sends the inputs that wait. False if they have no credit: what comes behind them must not overtake them.
    private mutating func flushedBatch(_ index: Int) -> Bool {
        flushBatch(index)
        return links[index]!.batch.count == 0
    }

    // MARK: From programs in this process

    /// A message of this front's own to a channel, linked or not. False if it has no way there now: it is dropped.
    package mutating func send(_ data: [UInt8], to channel: ChannelID, now: Instant) -> Bool {
        self.now = now
        guard data.count <= Limits.messageBytes, let trunk = way(to: channel) else {
            counters.messagesDropped += 1
            return false
        }
        counters.messages += 1
        let message = ToBack(channel: channel.text, member: .front, data: data)
        trunks[trunk]!.output.frame(.toBack) { message.encode(into: &$0) }
        return true
    }

    /// A message of this front's own to every channel that it is linked to, one frame a back. Answers how many backs took it.
    package mutating func sendToAll(_ data: [UInt8], now: Instant) -> Int {
        self.now = now
        guard data.count <= Limits.messageBytes else {
            counters.messagesDropped += 1
            return 0
        }
        var reached = 0
        for id in trunks.keys.sorted() where trunks[id]!.isOpen && !trunks[id]!.linkOf.isEmpty {
            for index in trunks[id]!.linkOf.values.sorted() { flushBatch(index) }
            guard hasRoom(id) else {
                counters.messagesDropped += 1
                continue
            }
            counters.messages += 1
            let message = ToBack(channel: "", member: .front, data: data)
            trunks[id]!.output.frame(.toBack) { message.encode(into: &$0) }
            reached += 1
        }
        return reached
    }

    // MARK: From backs

    /// One channel's message to another: it goes to the back that owns that one.
    mutating func relay(_ message: Relayed) {
        let channel: ChannelID?
        do { channel = try ChannelID(message.channel) } catch { channel = nil }
        guard let channel, let trunk = way(to: channel) else {
            counters.messagesDropped += 1
            return
        }
        counters.messagesRelayed += 1
        trunks[trunk]!.output.frame(.relayed) { message.encode(into: &$0) }
    }

    /// A channel speaks to this process, which may have no link to it.
    mutating func told(_ message: Told) {
        do {
            direct(.observed(try ChannelID(message.channel), .message(message.data)))
        } catch {
            counters.messagesDropped += 1
        }
    }

    // MARK: Ways

    /// The trunk to whoever owns a channel, if it takes messages now. What waits for company on the channel's link leaves first.
    private mutating func way(to channel: ChannelID) -> TrunkID? {
        if let index = linkOf[channel] {
            guard let trunk = roomyTrunk(of: index), flushedBatch(index) else { return nil }
            return trunk
        }
        guard let back = directory.back(for: channel), let trunk = trunkOf[back.name], trunks[trunk]?.isOpen == true,
            hasRoom(trunk)
        else { return nil }
        return trunk
    }

    private func roomyTrunk(of index: Int) -> TrunkID? {
        guard let trunk = openTrunk(of: index), hasRoom(trunk) else { return nil }
        return trunk
    }

    /// A back that does not keep up gets no messages: they are the first to go.
    private func hasRoom(_ trunk: TrunkID) -> Bool {
        trunks[trunk]!.unsentByteCount + trunks[trunk]!.output.count <= Limits.congestedTrunkBytes
    }
}
