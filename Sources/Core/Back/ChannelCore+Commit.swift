import State

/// The end of a tick: the patch is closed once and every link is told what it is owed.
extension ChannelCore {
    func commit(_ outputs: inout TrunkOutputs) {
        let patch = closePatch()
        let hash = patch == nil ? nil : dueHash
        let isCongested = linkOrder.map { outputs.isCongested($0.trunk) }
        for (key, isCongested) in zip(linkOrder, isCongested) {
            guard case .linked? = links[key]?.phase else { continue }
            if links[key]!.committed == .nothing {
                sendSnapshot(key, &outputs)
            } else if isCongested {
                if let patch { hold(patch, for: key) }
                continue
            } else {
                send(patch, hash, to: key, &outputs)
            }
            sendAnswers(key, &outputs)
        }
        let slow = Set(zip(linkOrder, isCongested).lazy.filter(\.1).map(\.0))
        sendAcks(except: slow, &outputs)
        for (key, isCongested) in zip(linkOrder, isCongested) where !isCongested && links[key]?.phase.isLinked == true {
            sendAfterAcks(key, &outputs)
        }
        for key in linkOrder where links[key]?.phase.isLinked != true { sendRefusal(key, &outputs) }
    }

    private func sendSnapshot(_ key: LinkKey, _ outputs: inout TrunkOutputs) {
        counters.snapshots += 1
        let linked = Linked(
            link: key.number, lineage: lineage, version: version, ticksPerKilosecond: settings.rate.ticksPerKilosecond,
            data: links[key]!.data)
        let head = SectionHead(
            link: key.number, audience: .everyone, base: .nothing, version: version, hasSchema: true)
        let mark = Mark(link: key.number, base: .nothing, version: version, tick: tick)
        outputs.append(to: key.trunk) { writer in
            writer.frame(.linked) { linked.encode(into: &$0) }
            let credit = Credit(link: key.number, byteCount: UInt64(Limits.linkCreditBytes))
            writer.frame(.credit) { credit.encode(into: &$0) }
            writer.section(head, schema: schemaBytes, patch: snapshot())
            writer.frame(.mark) { mark.encode(into: &$0) }
        }
        links[key]!.committed = version
    }

    /// The front does not keep up: what it has not been sent becomes one patch.
    private func hold(_ patch: [UInt8], for key: LinkKey) {
        counters.squashes += 1
        links[key]!.backlog = links[key]!.backlog.map { SquashedPatch.join($0, patch) } ?? patch
    }

    private func send(_ patch: [UInt8]?, _ hash: UInt64?, to key: LinkKey, _ outputs: inout TrunkOutputs) {
        let owed: [UInt8]
        switch (links[key]!.backlog, patch) {
        case (nil, nil): return
        case (nil, let patch?): owed = patch
        case (let backlog?, nil): owed = backlog
        case (let backlog?, let patch?): owed = SquashedPatch.join(backlog, patch)
        }
        let base = links[key]!.committed
        let head = SectionHead(link: key.number, audience: .everyone, base: base, version: version, hash: hash)
        let mark = Mark(link: key.number, base: base, version: version, tick: tick)
        outputs.append(to: key.trunk) { writer in
            writer.section(head, schema: nil, patch: owed)
            writer.frame(.mark) { mark.encode(into: &$0) }
        }
        links[key]!.backlog = nil
        links[key]!.committed = version
    }

    private func sendAnswers(_ key: LinkKey, _ outputs: inout TrunkOutputs) {
        let link = links[key]!
        guard link.answers.count + link.attachAnswers.count + link.grants.count > 0 else { return }
        outputs.append(to: key.trunk) { writer in
            writer.raw(link.answers.bytes)
            for answer in link.attachAnswers {
                let isKept =
                    answer.held.map {
                        $0.lineage == lineage && $0.version <= version && $0.audiences.contains(.everyone)
                    } ?? false
                let attached = MemberAttached(
                    link: key.number, member: answer.member, version: version, audiences: [.everyone],
                    kept: isKept ? [.everyone] : [], data: answer.data)
                writer.frame(.attached) { attached.encode(into: &$0) }
            }
            writer.raw(link.grants.bytes)
        }
        links[key]!.answers = ByteWriter()
        links[key]!.attachAnswers.removeAll()
        links[key]!.grants = ByteWriter()
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
        var kept: [Int] = []
        var acksOf: [LinkKey: ByteWriter] = [:]
        for slot in ackDue {
            guard case .attached(let key, let member) = sessions[slot].place, let grant = sessions[slot].write else {
                sessions[slot].isAckDue = false
                continue
            }
            guard !slow.contains(key) else {
                kept.append(slot)
                continue
            }
            sessions[slot].isAckDue = false
            acksOf[key, default: ByteWriter()].num(member)
            acksOf[key]!.num(grant.highest)
        }
        ackDue = kept
        for key in linkOrder {
            guard let acks = acksOf[key] else { continue }
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
            if consumed >= Limits.linkCreditBytes / 4 {
                let credit = Credit(link: key.number, byteCount: UInt64(consumed))
                writer.frame(.credit) { credit.encode(into: &$0) }
                links[key]!.receivedByteCount -= consumed
                links[key]!.consumedByteCount = 0
            }
        }
    }
}
