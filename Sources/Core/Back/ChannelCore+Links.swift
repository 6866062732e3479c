import State

/// What the back process's core tells a channel between ticks. Nothing is answered here: the tick answers.
extension ChannelCore {
    func linkRequested(_ link: BackLink, options: [UInt8]) {
        links[link.key] = link
        linkOrder.append(link.key)
        inbox.append(.link(link.key, options: options))
    }

    /// Counts inputs against their link's credit. A front may overshoot by the batch that used the credit up, never by more:
    /// false means that it does not keep to the rule.
    func inputsArrived(_ byteCount: Int, on key: LinkKey) -> Bool {
        guard var outstanding = links[key]?.receivedByteCount else { return true }
        outstanding += byteCount
        links[key]!.receivedByteCount = outstanding
        return outstanding - links[key]!.consumedByteCount <= settings.inboxCreditBytes + Limits.nodeFrameBytes
    }

    /// Its place in the inbox is behind what came on it before.
    func unlinked(_ key: LinkKey) {
        guard links[key] != nil else { return }
        inbox.append(.unlink(key))
    }

    /// The tick came to the end of a link: its sessions are detached, one event each, in the order of their numbers.
    func unlink(_ key: LinkKey) -> Event? {
        guard let link = links[key] else { return nil }
        reading.orphans = link.membersInOrder.reversed().map { (key, $0) }
        reading.endedLink = key
        return nil
    }

    /// Behind the last of its sessions the link itself goes.
    func forgetLink(_ key: LinkKey) -> Event? {
        linkOrder.removeAll { $0 == key }
        guard let link = links.removeValue(forKey: key), link.phase.isLinked else { return nil }
        return .unlinked(front: link.front)
    }

    func refuseLink(_ key: LinkKey, _ farewell: Farewell) {
        links[key]?.phase = .refused(farewell)
        counters.linksRefused += 1
    }

    /// Tells the front no, behind the tick that decided it.
    func sendRefusal(_ key: LinkKey, _ outputs: inout TrunkOutputs) {
        guard case .refused(let farewell)? = links[key]?.phase else { return }
        let answer = Unlinked(link: key.number, farewell: farewell)
        outputs.append(to: key.trunk) { writer in
            writer.frame(.unlinked) { answer.encode(into: &$0) }
        }
        links[key] = nil
        linkOrder.removeAll { $0 == key }
    }
}
