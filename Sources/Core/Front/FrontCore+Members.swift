import State

/// Memberships: what backs say to the sessions that this front serves.
extension FrontCore {
    /// Asks the back to let a session in, or to let it go on.
    mutating func requestAttach(_ member: FrontMember, _ index: Int) {
        guard let number = links[index]?.number, let trunk = openTrunk(of: index),
            let connection = connections[member.connection], let stay = connection.stay,
            let read = stay.reads.first(where: { $0.member == member.number && $0.link == index })
        else { return }
        let attach = Attach(
            link: number, member: member.number, session: stay.session, attach: stay.attach,
            wantsWrite: stay.write == read.channel && stay.revoking == nil, held: read.held,
            claims: connection.claims, options: read.options,
            writeOptions: stay.write == read.channel ? stay.writeOptions : [])
        trunks[trunk]!.output.frame(.attach) { attach.encode(into: &$0) }
    }

    /// The trunk broke: what the client has been sent is what it holds when the link is back.
    mutating func memberSuspended(_ member: FrontMember, _ index: Int) {
        if let (connection, stay, place) = read(of: member, index) {
            dropMessages(connection, stay.reads[place])
            if case .live(let sent) = stay.reads[place].phase, let lineage = links[stay.reads[place].link]?.lineage {
                let others = stay.reads[place].others?.held ?? []
                stay.reads[place].held = sent.map {
                    Held(lineage: lineage, version: $0, audiences: [.everyone] + others)
                }
            }
            stay.reads[place].others = nil
            stay.reads[place].transfer = nil
            stay.reads[place].phase = .attaching
            stay.endGrant(of: stay.reads[place].channel)
            if stay.revoking?.channel == stay.reads[place].channel {
                stay.revoking = nil
            }
        }
        if let stay = connections[member.connection]?.stay { requestGrant(stay) }
    }

    /// A reading stops where it is: messages that name a later version are dropped.
    mutating func dropMessages(_ connection: FrontConnection, _ read: ClientRead) {
        guard case .live(let sent) = read.phase else { return }
        counters.messagesDropped += UInt64(connection.messages.drop(of: read.link, above: sent ?? .nothing))
    }

    mutating func memberEnded(_ member: FrontMember, _ index: Int, _ channel: String, _ farewell: Farewell) {
        counters.readsEnded[farewell.code, default: 0] += 1
        if let (connection, stay, place) = read(of: member, index) {
            dropMessages(connection, stay.reads[place])
            stay.reads.remove(at: place)
            // The wish to write stays: the client reads again, and an attach without it would cost the session its grant.
            stay.endGrant(of: channel)
            if stay.revoking?.channel == channel { stay.revoking = nil }
            ClientVoice.unlinked(
                ClientUnlinked(channel: channel, farewell: farewell), connection.format, to: &connection.head)
        }
        guard let connection = connections[member.connection] else { return }
        wantsToWrite(connection)
        if let stay = connection.stay { requestGrant(stay) }
    }

    /// Member numbers are a link's own: two reads of one client may have the same. What changes a read of a client, or says something
    /// to it, takes it out of its cohort.
    private mutating func read(of member: FrontMember, _ index: Int) -> (FrontConnection, ClientStay, Int)? {
        guard let connection = connections[member.connection], let stay = connection.stay,
            let place = stay.reads.firstIndex(where: { $0.link == index && $0.member == member.number })
        else { return nil }
        leaveCohort(connection)
        return (connection, stay, place)
    }

    private mutating func find(
        _ link: LinkNumber, _ member: MemberNumber, _ trunk: FrontTrunk
    ) -> (FrontConnection, ClientStay, Int)? {
        guard let index = trunk.linkOf[link], let connection = links[index]?.client(of: member),
            let stay = connection.stay,
            let place = stay.reads.firstIndex(where: { $0.link == index })
        else { return nil }
        leaveCohort(connection)
        return (connection, stay, place)
    }

    mutating func attached(_ attached: MemberAttached, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(attached.link, attached.member, trunk) else { return }
        let index = stay.reads[place].link
        guard let lineage = links[index]?.history?.lineage else { return }
        guard let now = links[index]!.audiences.places(of: attached.audiences) else { return beginAnew(index) }
        let held = stay.reads[place].held
        // A client that tells no audiences apart cannot say what it holds of them: it gets everything anew.
        let mayKeep = connection.format != .text || now.isEmpty
        let isKept = mayKeep && attached.kept.contains(.everyone) && held?.lineage == lineage
        let kept = isKept ? attached.kept : []
        stay.reads[place].phase = .live(sent: isKept ? held?.version : nil)
        stay.reads[place].transfer = nil
        let isSpread = !now.isEmpty || held?.audiences.contains { $0 != .everyone } ?? false
        if isSpread {
            let others = kept.filter { $0 != .everyone }
            stay.reads[place].others = OtherAudiences(
                now: now, listed: now.map(\.number), held: others, isMarkOwed: true)
            links[index]!.spread(attached.member)
        } else {
            stay.reads[place].others = nil
        }
        ClientVoice.attached(
            ClientAttached(
                link: attached.link, channel: stay.reads[place].channel, me: attached.me, lineage: lineage,
                version: attached.version, audiences: attached.audiences, kept: kept, data: attached.data),
            connection.format, to: &connection.head)
        wantsToWrite(connection)
    }

    mutating func dismissed(_ dismissed: Dismissed, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(dismissed.link, dismissed.member, trunk) else { return }
        let read = stay.reads[place]
        connection.inputWay = nil
        links[read.link]?.removeMember(dismissed.member)
        noteUnused(read.link)
        if dismissed.farewell.code == .superseded {
            stay.reads.remove(at: place)
            counters.closed[.superseded, default: 0] += 1
            connection.farewell = dismissed.farewell
            leaveAllButHere(connection)
            end(connection)
        } else {
            stay.reads.remove(at: place)
            if stay.write == read.channel { stay.write = nil }
            stay.endGrant(of: read.channel)
            counters.readsEnded[dismissed.farewell.code, default: 0] += 1
            ClientVoice.unlinked(
                ClientUnlinked(channel: read.channel, farewell: dismissed.farewell), connection.format,
                to: &connection.head)
            wantsToWrite(connection)
            revocationEnded(of: read.channel, stay)
        }
    }

    /// A newer attach took the session over: its other channels learn it from there, so they are only let go.
    private mutating func leaveAllButHere(_ connection: FrontConnection) {
        leaveAll(connection, .connectionLost)
    }

    mutating func granted(_ granted: Granted, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(granted.link, granted.member, trunk) else { return }
        let channel = stay.reads[place].channel
        guard stay.write == channel else { return want(stay.reads[place], false, stay) }
        // The client changed its mind twice: this grant is being taken back already, and the next one is asked for then.
        guard stay.revoking?.channel != channel else { return }
        settleAck(connection)
        stay.grant = granted.grant
        stay.grantedChannel = channel
        ClientVoice.granted(
            ClientGranted(channel: channel, grant: granted.grant, highest: granted.highest, refused: granted.refused),
            connection.format, to: &connection.decisions)
        wantsToWrite(connection)
    }

    mutating func revoked(_ revoked: Revoked, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(revoked.link, revoked.member, trunk) else { return }
        if stay.grant == revoked.grant {
            stay.grant = nil
            connection.pendingAck = ClientAcked(
                grant: revoked.grant, highest: revoked.highest,
                tick: links[stay.reads[place].link]?.tick ?? TickNumber(rawValue: 0))
            settleAck(connection)
            wantsToWrite(connection)
        }
        if stay.revoking?.channel == stay.reads[place].channel {
            stay.revoking = nil
            requestGrant(stay)
        }
    }

    /// An old channel that does not confirm is not waited for: what is unacked there is undecided.
    mutating func sweepRevocations(_ connection: FrontConnection) {
        guard let stay = connection.stay, let revoking = stay.revoking,
            now.since(revoking.since) >= Limits.revocation
        else { return }
        counters.revocationsTimedOut += 1
        stay.revoking = nil
        stay.endGrant(of: revoking.channel)
        requestGrant(stay)
    }

    mutating func acksArrived(_ frame: Frame, _ trunk: FrontTrunk) throws(WireError) {
        var reader = ByteReader(frame.body)
        let number: LinkNumber = try reader.num()
        let tick: TickNumber = try reader.num()
        guard let index = trunk.linkOf[number], let link = links[index] else { return }
        // They come in the order in which the members came, nearly.
        var next = 0
        var near = link.bringNear(from: 0)
        // Nearly all of them stand in one cohort: it is held once, and not by each.
        var cohort: Cohort?
        while !reader.isAtEnd {
            let member: MemberNumber = try reader.num()
            let highest: InputNumber = try reader.num()
            guard let place = link.place(of: member, near: next) else { continue }
            next = place + 1
            if place + FrontLink.nearDistance >= near { near = link.bringNear(from: max(place, near)) }
            link.members[place].lent._withUnsafeGuaranteedRef { connection in
                guard let grant = grant(of: connection, member, index) else { return }
                if connection.cohort !== cohort {
                    cohort = connection.cohort
                    if let cohort { owe(cohort) }
                }
                owe(ClientAcked(grant: grant, highest: highest, tick: tick), connection, in: cohort)
            }
        }
    }

    /// `cohort` is the connection's own, which has been put in line.
    private mutating func owe(_ ack: ClientAcked, _ connection: FrontConnection, in cohort: Cohort?) {
        guard let cohort else {
            connection.pendingAck = ack
            return queue(connection)
        }
        cohort.owe(ack, at: connection.cohortPlace)
    }

    mutating func refused(_ refused: MemberRefused, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(refused.link, refused.member, trunk), let grant = stay.grant,
            stay.grantedChannel == stay.reads[place].channel
        else { return }
        ClientVoice.refused(
            ClientRefused(grant: grant, number: refused.number, reason: refused.reason), connection.format,
            to: &connection.decisions)
        wantsToWrite(connection)
    }

    /// An ack that waits is written before what follows it may no longer be merged with it.
    private func settleAck(_ connection: FrontConnection) {
        guard let ack = connection.pendingAck else { return }
        ClientVoice.acked(ack, connection.format, to: &connection.decisions)
        connection.pendingAck = nil
    }

    mutating func toSessions(_ message: ToSessions, _ trunk: FrontTrunk) {
        guard let index = trunk.linkOf[message.link], let link = links[index] else { return }
        let members = message.members.isEmpty ? link.members.map(\.number) : message.members
        let said = ClientMessage(channel: link.channel.text, version: message.version, data: message.data)
        for member in members {
            // Who is still at the door has not come to hear anything.
            guard let (connection, stay, place) = find(message.link, member, trunk), stay.reads[place].isLive else {
                continue
            }
            guard connection.messages.count < Limits.messagesPerClient,
                connection.messages.byteCount + message.data.count <= Limits.owedBytes
            else {
                counters.messagesDropped += 1
                continue
            }
            connection.messages.add(of: index, message.version) {
                ClientVoice.message(said, connection.format, to: &$0)
            }
            wantsToWrite(connection)
        }
        if link.observerCount > 0, message.members.isEmpty { direct(.observed(link.channel, .message(message.data))) }
    }
}
