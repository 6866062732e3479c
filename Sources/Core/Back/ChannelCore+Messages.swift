import State

/// Messages: what the application says beside its state, and what is said to it. At most once; what does not fit is dropped,
/// counted, and answered so where somebody asks.
extension ChannelCore {
    // MARK: What is said to the channel

    /// Puts a message into the inbox; dropped and counted when that is full.
    func offer(message data: [UInt8], _ put: (inout Inbox) -> Void) {
        guard inbox.byteCount + data.count <= Limits.inboxBytes, inbox.entries.count < Limits.messagesPerInbox else {
            counters.messagesDropped += 1
            return
        }
        put(&inbox)
    }

    /// A message over a link. A member's counts only while it is one: not behind a newer attach of its session.
    func message(_ key: LinkKey, _ member: MemberNumber, _ range: Range<Int>) -> Event? {
        let slot = links[key]?.members[member]
        guard let link = links[key], slot != nil || member == .front else {
            counters.messagesDropped += 1
            return nil
        }
        return .message(
            Message(
                session: slot.map { sessions[$0].id }, channel: nil, front: link.front,
                bytes: Bytes(reading.inbox.bytes, range)))
    }

    /// A message that came without a link.
    func message(_ sender: OutsideSender, through front: String, _ range: Range<Int>) -> Event {
        let channel: String? =
            switch sender {
            case .front: nil
            case .channel(let id): id
            }
        return .message(
            Message(session: nil, channel: channel, front: front, bytes: Bytes(reading.inbox.bytes, range)))
    }

    // MARK: What the channel says

    /// Answers to how many of the sessions the message is on its way: one frame for each front.
    func send(_ data: [UInt8], to ids: some Sequence<SessionID>) -> Int {
        var membersOf: [LinkKey: [MemberNumber]] = [:]
        for id in ids {
            guard let slot = sessions[id], case .attached(let key, let member) = sessions[slot].place else {
                counters.messagesDropped += 1
                continue
            }
            membersOf[key, default: []].append(member)
        }
        var reached = 0
        for key in linkOrder {
            guard let members = membersOf[key], keep(OutgoingMessage(members: members, data: data), key) else {
                continue
            }
            reached += members.count
        }
        return reached
    }

    func sendToAll(_ data: [UInt8]) {
        for key in linkOrder where !(links[key]?.members.isEmpty ?? true) {
            _ = keep(OutgoingMessage(members: [], data: data), key)
        }
    }

    /// Answers to how many fronts the message is on its way: over their link if they have one, else to the process.
    func send(_ data: [UInt8], toFronts selection: FrontSelection) -> Int {
        let names: Set<String>?
        switch selection {
        case .linked, .all: names = nil
        case .named(let list): names = Set(list)
        }
        var reached = 0
        var linked: Set<TrunkID> = []
        for key in linkOrder {
            guard let link = links[key], link.phase.isLinked, names?.contains(link.front) ?? true else { continue }
            linked.insert(key.trunk)
            if keep(OutgoingMessage(members: nil, data: data), key) { reached += 1 }
        }
        if selection == .linked { return reached }
        for front in roster.fronts where !linked.contains(front.trunk) && names?.contains(front.name) ?? true {
            if say(.tell(front.trunk, data)) { reached += 1 }
        }
        return reached
    }

    /// False if there is no front to carry the message, or if this tick has said too much.
    func send(_ data: [UInt8], toChannel channel: String) -> Bool {
        let target: ChannelID?
        do { target = try ChannelID(channel) } catch { target = nil }
        guard target != nil, !roster.fronts.isEmpty else {
            counters.messagesDropped += 1
            return false
        }
        return say(.relay(Relayed(sender: id.text, channel: channel, data: data)))
    }

    private func keep(_ message: OutgoingMessage, _ key: LinkKey) -> Bool {
        links[key]?.keep(message, counters: &counters) ?? false
    }

    private func say(_ item: OutsideQueue.Item) -> Bool {
        guard item.byteCount <= Limits.messageBytes, outside.offer(item) else {
            counters.messagesDropped += 1
            return false
        }
        return true
    }

    /// The end of a tick, for those who have no link. A front that does not keep up is passed over.
    func sendOutside(_ outputs: inout TrunkOutputs) {
        guard !outside.isEmpty else { return }
        let carrier = roster.fronts.first { !outputs.isCongested($0.trunk) }?.trunk
        for item in outside.take() {
            switch item {
            case .relay(let message):
                guard let carrier else {
                    counters.messagesDropped += 1
                    continue
                }
                outputs.append(to: carrier) { writer in writer.frame(.relay) { message.encode(into: &$0) } }
            case .tell(let trunk, let data):
                guard !outputs.isCongested(trunk) else {
                    counters.messagesDropped += 1
                    continue
                }
                let told = Told(channel: id.text, data: data)
                outputs.append(to: trunk) { writer in writer.frame(.tell) { told.encode(into: &$0) } }
            }
        }
    }
}
