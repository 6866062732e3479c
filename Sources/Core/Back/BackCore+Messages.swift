import State

/// Messages that fronts bring: from sessions, from themselves, and from other channels.
extension BackCore {
    /// To one channel, or to every channel that the front has a link to.
    mutating func deliver(_ message: ToBack, on id: TrunkID, from front: String, now: Instant) {
        guard let trunk = trunks[id] else { return }
        guard !message.channel.isEmpty else {
            for link in trunk.channelOf.keys.sorted() {
                guard let name = trunk.channelOf[link], let core = channels[name]?.core else { continue }
                offer(message, to: core, LinkKey(trunk: id, number: link), now: now)
            }
            return
        }
        let name: ChannelID
        do { name = try ChannelID(message.channel) } catch { return drop() }
        let key = channels[name]?.core.linkOrder.last { $0.trunk == id && trunk.channelOf[$0.number] == name }
        if let key, let core = channels[name]?.core { return offer(message, to: core, key, now: now) }
        // A session is in a channel over its front's link; a front itself needs none.
        guard message.member == .front else { return drop() }
        tell(name, message.data, .front, through: front, now: now)
    }

    /// Another channel's message. The front knew that this back owns the channel it is for.
    mutating func deliver(_ message: Relayed, from front: String, now: Instant) {
        do {
            tell(try ChannelID(message.channel), message.data, .channel(message.sender), through: front, now: now)
        } catch {
            drop()
        }
    }

    private mutating func offer(_ message: ToBack, to core: ChannelCore, _ key: LinkKey, now: Instant) {
        core.offer(message: message.data) { $0.append(message: message.data, from: message.member, on: key) }
        wake(core.id, now: now)
    }

    /// A channel that is told something comes to be, as one that is linked does.
    private mutating func tell(
        _ name: ChannelID, _ data: [UInt8], _ sender: OutsideSender, through front: String, now: Instant
    ) {
        do {
            let core = try channel(name, now: now)
            core.offer(message: data) { $0.append(message: data, sender, through: front) }
            wake(name, now: now)
        } catch {
            drop()
        }
    }

    private mutating func drop() { closedCounters.messagesDropped += 1 }
}
