import State

/// The end of a tick: each audience's patch is closed once and every link is told what it is owed.
extension ChannelCore {
    func commit(_ outputs: inout TrunkOutputs) {
        settleOwnAudiences()
        announceVersion()
        let changes = closeAudiences()
        let isCongested = linkOrder.map { outputs.isCongested($0.trunk) }
        for (key, isCongested) in zip(linkOrder, isCongested) {
            guard case .linked? = links[key]?.phase else { continue }
            // A link begins with its snapshot, whatever the trunk has to carry.
            guard !isCongested || links[key]!.committed == .nothing else {
                hold(changes, for: key)
                continue
            }
            sendState(changes, to: key, &outputs)
            sendAnswers(key, &outputs)
        }
        let slow = Set(zip(linkOrder, isCongested).lazy.filter(\.1).map(\.0))
        sendAcks(except: slow, &outputs)
        for (key, isCongested) in zip(linkOrder, isCongested) where !isCongested && links[key]?.phase.isLinked == true {
            sendAfterAcks(key, &outputs)
        }
        for key in linkOrder where links[key]?.phase.isLinked != true { sendRefusal(key, &outputs) }
        sendOutside(&outputs)
    }

    /// The front does not keep up: what it has not been sent becomes one patch an audience.
    private func hold(_ changes: [ClosedAudience], for key: LinkKey) {
        for change in changes where links[key]!.audiences.hold(change) { counters.squashes += 1 }
    }

    /// One tick on one link: who is where now, the sections of its audiences, and the mark that commits them.
    private func sendState(_ changes: [ClosedAudience], to key: LinkKey, _ outputs: inout TrunkOutputs) {
        let committed = links[key]!.committed
        outputs.append(to: key.trunk) { writer in
            let start = writer.count
            if committed == .nothing { sayLinked(key, &writer) }
            sayAudiences(key, &writer)
            saySections(changes, key, &writer)
            guard writer.count > start || (version > committed && links[key]!.saysVersion) else {
                links[key]!.owesVersion = false
                return
            }
            let mark = Mark(link: key.number, base: committed, version: version, tick: tick)
            writer.frame(.mark) { mark.encode(into: &$0) }
            links[key]!.committed = version
            links[key]!.owesVersion = false
        }
    }

    private func sayLinked(_ key: LinkKey, _ writer: inout ByteWriter) {
        let linked = Linked(
            link: key.number, lineage: lineage, version: version, ticksPerKilosecond: settings.rate.ticksPerKilosecond,
            data: links[key]!.data)
        writer.frame(.linked) { linked.encode(into: &$0) }
        let credit = Credit(link: key.number, byteCount: UInt64(settings.inboxCreditBytes))
        writer.frame(.credit) { credit.encode(into: &$0) }
    }

    private func sayAudiences(_ key: LinkKey, _ writer: inout ByteWriter) {
        let dropped = links[key]!.audiences.dropUnused(now: now)
        if !dropped.isEmpty {
            counters.audiencesDropped += UInt64(dropped.count)
            let frame = Dropped(link: key.number, audiences: dropped)
            writer.frame(.dropped) { frame.encode(into: &$0) }
        }
        guard !links[key]!.regrouped.isEmpty else { return }
        for member in links[key]!.regrouped {
            guard let slot = links[key]!.members[member] else { continue }
            sessions[slot].isToldAudiences = false
            let frame = Regrouped(link: key.number, member: member, audiences: [.everyone] + sessions[slot].audiences)
            writer.frame(.regrouped) { frame.encode(into: &$0) }
        }
        links[key]!.regrouped.removeAll()
    }

    private func saySections(_ changes: [ClosedAudience], _ key: LinkKey, _ writer: inout ByteWriter) {
        guard links[key]!.audiences.isAnythingPending else {
            for change in changes where links[key]!.audiences.contains(change.audience) {
                saySection(change, from: change.base, key, &writer)
            }
            return
        }
        var owed: [ClosedAudience] = []
        var wholes: [AudienceNumber] = []
        let changeOf = Dictionary(changes.map { ($0.audience, $0) }, uniquingKeysWith: { $1 })
        let pending = links[key]!.audiences.takePending()
        for (audience, standing) in pending {
            switch standing {
            case .owed: wholes.append(audience)
            case .behind(let base, let patch):
                let change = changeOf[audience]
                let both = change.map { SquashedPatch.join(patch, $0.patch) } ?? patch
                owed.append(ClosedAudience(audience: audience, base: base, patch: both, hash: change?.hash))
            case .held: break
            }
        }
        counters.snapshots += UInt64(wholes.count)
        let patches = state.snapshots(of: wholes.compactMap { Audience(wireNumber: $0.rawValue) })
        for (audience, patch) in zip(wholes, patches) {
            owed.append(ClosedAudience(audience: audience, base: .nothing, patch: patch, hash: nil))
        }
        let isPending = Set(pending.map(\.audience))
        for change in changes
        where !isPending.contains(change.audience) && links[key]!.audiences.contains(change.audience) {
            owed.append(change)
        }
        owed.sort { $0.audience < $1.audience }
        for change in owed { saySection(change, from: change.base, key, &writer) }
    }

    private func saySection(
        _ change: ClosedAudience, from base: Version, _ key: LinkKey, _ writer: inout ByteWriter
    ) {
        counters.sections += 1
        let hasSchema = base == .nothing && change.audience == .everyone
        let head = SectionHead(
            link: key.number, audience: change.audience, base: base, version: version, hash: change.hash,
            hasSchema: hasSchema)
        writer.section(head, schema: hasSchema ? schemaBytes : nil, patch: change.patch)
    }

    private func sendAnswers(_ key: LinkKey, _ outputs: inout TrunkOutputs) {
        let link = links[key]!
        guard link.answers.count + link.attachAnswers.count + link.grants.count > 0 else { return }
        outputs.append(to: key.trunk) { writer in
            writer.raw(link.answers.bytes)
            for answer in link.attachAnswers {
                let attached = attached(answer, link)
                writer.frame(.attached) { attached.encode(into: &$0) }
            }
            writer.raw(link.grants.bytes)
        }
        links[key]!.answers = ByteWriter()
        links[key]!.attachAnswers.removeAll()
        links[key]!.grants = ByteWriter()
    }

    private func attached(_ answer: AttachAnswer, _ link: BackLink) -> MemberAttached {
        var audiences = [AudienceNumber.everyone]
        if let slot = link.members[answer.member] {
            audiences += sessions[slot].audiences
            sessions[slot].isToldAudiences = false
        }
        var kept: [AudienceNumber] = []
        // What is held of the others is of the version at which everyone's rows are held.
        if let held = answer.held, held.lineage == lineage, held.version <= version, held.audiences.contains(.everyone)
        {
            let held = Set(held.audiences)
            kept = audiences.filter(held.contains)
        }
        return MemberAttached(
            link: link.key.number, member: answer.member, me: answer.me, version: version, audiences: audiences,
            kept: kept, data: answer.data)
    }

    /// One frame of acks a link. They say what this tick decided, so they leave behind its mark.
    ///
    /// Who is slow was settled when the tick ended: this tick's own bytes must not part acks from what follows them.
    private func sendAcks(except slow: Set<LinkKey>, _ outputs: inout TrunkOutputs) {
        for key in linkOrder where (links[key]?.decisions.count ?? 0) > 0 && !slow.contains(key) {
            let decisions = links[key]!.decisions.bytes
            outputs.append(to: key.trunk) { $0.raw(decisions) }
            links[key]!.decisions = ByteWriter()
        }
        guard !ackDue.isEmpty else { return }
        let order = linkOrder
        var acksOf = Array(repeating: ByteWriter(), count: order.count)
        // The link of the last one is nearly always that of the next one too.
        var (place, isSlow): (Int?, Bool) = (nil, false)
        ackDue = sessions.takeAcks(ackDue) { key, member, highest in
            if place.map({ order[$0] != key }) ?? true {
                place = order.firstIndex(of: key)
                isSlow = slow.contains(key)
            }
            guard !isSlow else { return false }
            guard let place else { return true }
            acksOf[place].num(member)
            acksOf[place].num(highest)
            return true
        }
        for (key, acks) in zip(order, acksOf) where acks.count > 0 {
            outputs.append(to: key.trunk) { writer in
                writer.frame(.acked) {
                    $0.num(key.number)
                    $0.num(tick)
                    $0.raw(acks.bytes)
                }
            }
        }
    }

    private func sendAfterAcks(_ key: LinkKey, _ outputs: inout TrunkOutputs) {
        let revocations = links[key]!.revocations.bytes
        let messages = links[key]!.takeMessages()
        links[key]!.revocations = ByteWriter()
        outputs.append(to: key.trunk) { writer in
            writer.raw(revocations)
            for message in messages {
                if let members = message.members {
                    let frame = ToSessions(link: key.number, version: version, members: members, data: message.data)
                    writer.frame(.toSessions) { frame.encode(into: &$0) }
                } else {
                    let frame = ToFront(link: key.number, data: message.data)
                    writer.frame(.toFront) { frame.encode(into: &$0) }
                }
            }
            let consumed = links[key]!.consumedByteCount
            if consumed >= settings.inboxCreditBytes / 4 {
                let credit = Credit(link: key.number, byteCount: UInt64(consumed))
                writer.frame(.credit) { credit.encode(into: &$0) }
                links[key]!.receivedByteCount -= consumed
                links[key]!.consumedByteCount = 0
            }
        }
    }
}
