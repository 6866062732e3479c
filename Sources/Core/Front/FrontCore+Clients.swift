import State

/// Sessions: what clients say once they are in, and what their backs say to them.
extension FrontCore {
    mutating func take(_ frame: Frame, from connection: FrontConnection) throws(Farewell) {
        guard !connection.isClosing else { return }
        do {
            switch frame.kind {
            case .hello: try hello(try frame.decode(Hello.init(from:)), connection)
            case .inputs: try inputs(frame, connection)
            case .read: try startRead(try frame.decode(Read.init(from:)), connection)
            case .unread:
                stopRead(try frame.decode { (reader) throws(WireError) in try reader.text() }, connection)
            case .write:
                try wantWrite(try frame.decode { (reader) throws(WireError) in try reader.text() }, connection)
            case .ping:
                let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
                connection.decisions.frame(.pong) { $0.u64(token) }
                wantsToWrite(connection)
            case .pong: break
            case .bye: goodbye(try frame.decode(Bye.init(from:)).farewell, connection)
            default: throw Farewell(.protocolError, "frame \(frame.kind) is not one that a client sends")
            }
        } catch let error as WireError {
            throw Farewell(error)
        } catch let farewell as Farewell {
            throw farewell
        } catch {
            throw Farewell(.failed, "\(error)")
        }
    }

    mutating func take(text bytes: UnsafeRawBufferPointer, from connection: FrontConnection) throws(Farewell) {
        guard !connection.isClosing else { return }
        switch try TextMessage(bytes) {
        case .hello(let message): try hello(message, connection)
        case .input(let grant, let number, let data):
            guard let index = try writable(grant, connection) else { return }
            try data.withUnsafeBufferPointer { (data) throws(Farewell) in
                try batch(UnsafeRawBufferPointer(data), number, index, connection)
            }
        case .read(let reads): for read in reads { try startRead(read, connection) }
        case .unread(let channels): for channel in channels { stopRead(channel, connection) }
        case .write(let channel): try wantWrite(channel, connection)
        case .bye(let farewell): goodbye(farewell, connection)
        case .pong: break
        }
    }

    // MARK: What clients say

    private mutating func hello(_ hello: Hello, _ connection: FrontConnection) throws(Farewell) {
        guard connection.stay == nil else { throw Farewell(.protocolError, "hello was said before") }
        guard hello.attach.rawValue > 0 else { throw Farewell(.protocolError, "attach numbers begin at 1") }
        let user = connection.claims.first { $0.name == "user" }?.value ?? ""
        let session: SessionID
        let isResumed = !hello.token.isEmpty
        if isResumed {
            let token = SessionToken.check(hello.token, key: settings.key, unixSeconds: unixSeconds(now))
            guard let token, token.user == user else {
                counters.tokensRefused += 1
                throw Farewell(.unproven, "the token is not one of ours, or it has expired")
            }
            session = token.session
            counters.sessionsResumed += 1
        } else {
            session = SessionID(high: dice.next(), low: dice.next())
            counters.sessionsOpened += 1
        }
        proven(connection)
        let stay = ClientStay(session: session, attach: hello.attach)
        connection.stay = stay
        connection.attach = hello.attach
        let token = SessionToken(
            session: session,
            expiry: unixSeconds(now) + UInt64(settings.tokenLifetime.components.seconds), user: user)
        ClientVoice.welcome(
            Welcome(session: session, token: token.signed(with: settings.key), isResumed: isResumed),
            connection.format, to: &connection.head)
        wantsToWrite(connection)
        stay.write = hello.write.isEmpty ? nil : hello.write
        for read in hello.reads { try startRead(read, connection) }
        if let write = stay.write, !stay.reads.contains(where: { $0.channel == write }) {
            try startRead(Read(channel: write), connection)
        }
    }

    private func stay(of connection: FrontConnection) throws(Farewell) -> ClientStay {
        guard let stay = connection.stay else { throw Farewell(.protocolError, "the first message is hello") }
        return stay
    }

    private mutating func startRead(_ read: Read, _ connection: FrontConnection) throws(Farewell) {
        let stay = try stay(of: connection)
        do throws(Farewell) {
            if let place = stay.reads.firstIndex(where: { $0.channel == read.channel }) {
                return readAgain(read, place, stay, connection)
            }
            guard stay.reads.count < Limits.readsPerSession else {
                throw Farewell(.overloaded, "a session reads at most \(Limits.readsPerSession) channels")
            }
            let channel: ChannelID
            do { channel = try ChannelID(read.channel) } catch { throw Farewell(.unknownChannel, "\(error)") }
            let index = try link(to: channel)
            links[index]!.unusedSince = nil
            let member = links[index]!.addMember(connection)
            stay.reads.append(
                ClientRead(
                    channel: read.channel, link: index, member: member, held: read.held, options: read.options))
            if links[index]!.number != nil { requestAttach(links[index]!.members.last!, index) }
        } catch {
            ClientVoice.unlinked(
                ClientUnlinked(channel: read.channel, farewell: error), connection.format, to: &connection.head)
            if error.code != .duplicate, stay.write == read.channel { stay.write = nil }
            wantsToWrite(connection)
        }
    }

    /// A read of a channel that is being read begins it anew from what the client holds: it saw a gap. The session stays; only its
    /// member number is another, so that what is under way for the old one goes nowhere.
    private mutating func readAgain(_ read: Read, _ place: Int, _ stay: ClientStay, _ connection: FrontConnection) {
        let index = stay.reads[place].link
        flushBatch(index)
        links[index]!.removeMember(stay.reads[place].member)
        stay.reads[place].member = links[index]!.addMember(connection)
        stay.reads[place].held = read.held
        stay.reads[place].phase = .attaching
        if links[index]!.number != nil { requestAttach(links[index]!.members.last!, index) }
    }

    private mutating func stopRead(_ channel: String, _ connection: FrontConnection) {
        guard let stay = connection.stay, let place = stay.reads.firstIndex(where: { $0.channel == channel }) else {
            return
        }
        leave(stay.reads[place], .stoppedReading)
        stay.reads.remove(at: place)
        if stay.write == channel {
            stay.write = nil
            stay.grant = nil
        }
        revocationEnded(of: channel, stay)
    }

    /// Nobody will confirm any more that the channel's grant is revoked: the next one need not wait.
    private mutating func revocationEnded(of channel: String, _ stay: ClientStay) {
        guard stay.revoking?.channel == channel else { return }
        stay.revoking = nil
        requestGrant(stay)
    }

    /// The session wants to write elsewhere. The new grant waits until the old channel has decided everything.
    private mutating func wantWrite(_ channel: String, _ connection: FrontConnection) throws(Farewell) {
        let stay = try stay(of: connection)
        let wanted = channel.isEmpty ? nil : channel
        guard stay.write != wanted else { return }
        let old = stay.write
        stay.write = wanted
        // The revocation stands before the new read, whose attach would ask for the grant at once.
        if let old, stay.revoking == nil, let read = stay.reads.first(where: { $0.channel == old }),
            openTrunk(of: read.link) != nil
        {
            stay.revoking = (old, now)
            want(read, false)
            armSweep()
        }
        if let wanted, !stay.reads.contains(where: { $0.channel == wanted }) {
            try startRead(Read(channel: wanted), connection)
        } else {
            requestGrant(stay)
        }
    }

    /// Asks for the grant that the session wants, if nothing stands in its way.
    private mutating func requestGrant(_ stay: ClientStay) {
        guard stay.revoking == nil, let write = stay.write,
            let read = stay.reads.first(where: { $0.channel == write })
        else { return }
        want(read, true)
    }

    private mutating func want(_ read: ClientRead, _ write: Bool) {
        guard let number = links[read.link]?.number, let trunk = openTrunk(of: read.link) else { return }
        flushBatch(read.link)
        let want = Want(link: number, member: read.member, write: write)
        trunks[trunk]!.output.frame(.want) { want.encode(into: &$0) }
    }

    private mutating func inputs(_ frame: Frame, _ connection: FrontConnection) throws {
        var reader = ByteReader(frame.body)
        let grant: GrantID = try reader.u64()
        var number: InputNumber = try reader.num()
        guard number.rawValue > 0 else { throw Farewell(.protocolError, "inputs are numbered from 1") }
        guard let index = try writable(grant, connection) else { return }
        while !reader.isAtEnd {
            try batch(try reader.blob(), number, index, connection)
            guard number.rawValue < .max || reader.isAtEnd else {
                throw Farewell(.protocolError, "inputs past the last number")
            }
            number = InputNumber(rawValue: number.rawValue &+ 1)
        }
    }

    /// The place of the read that the grant is for; nil if it is another grant's, whose inputs are dropped.
    private mutating func writable(_ grant: GrantID, _ connection: FrontConnection) throws(Farewell) -> Int? {
        let stay = try stay(of: connection)
        guard stay.grant == grant, let place = stay.reads.firstIndex(where: { $0.channel == stay.grantedChannel })
        else {
            counters.inputsOfOtherGrant += 1
            return nil
        }
        return place
    }

    private mutating func batch(
        _ data: UnsafeRawBufferPointer, _ number: InputNumber, _ place: Int, _ connection: FrontConnection
    ) throws(Farewell) {
        guard data.count <= Limits.inputBytes else {
            throw Farewell(.tooBig, "an input has at most \(Limits.inputBytes) bytes")
        }
        let read = connection.stay!.reads[place]
        let index = read.link
        guard links[index]?.number != nil else { return }
        counters.inputs += 1
        counters.inputBytes += UInt64(data.count)
        if links[index]!.batch.count == 0 { batchedLinks.append(index) }
        links[index]!.batch.num(read.member)
        links[index]!.batch.num(number)
        links[index]!.batch.num(data.count)
        links[index]!.batch.raw(data)
        if links[index]!.batch.count > Limits.linkCreditBytes / 2 { flushBatch(index) }
        if links[index]!.credit <= 0, links[index]!.batch.count > Limits.windowBytes { stall(index, connection) }
        if flushAt == nil { flushAt = now + settings.flushInterval }
    }

    /// The back takes no more: whoever fills the link is not read until it does.
    private mutating func stall(_ index: Int, _ connection: FrontConnection) {
        guard !links[index]!.stalled.contains(connection.id) else { return }
        counters.creditStalls += 1
        links[index]!.stalled.append(connection.id)
        connection.pausedLinks += 1
        if connection.pausedLinks == 1 { direct(.pauseReading(connection.id)) }
    }

    /// The client ends the conversation: for good with `done`, for a few seconds with `goingAway`; any other code keeps its
    /// session as a lost connection does.
    private mutating func goodbye(_ said: Farewell, _ connection: FrontConnection) {
        guard said.code == .done else {
            counters.clientByes[said.code, default: 0] += 1
            leaveAll(connection, said.code == .goingAway ? .goingAway : .connectionLost)
            connection.farewell = Farewell(said.code, "you said so")
            return end(connection)
        }
        leaveAll(connection, .leftForGood)
        connection.farewell = Farewell(.done, "goodbye")
        end(connection)
    }

    /// The session goes from all its channels.
    mutating func leaveAll(_ connection: FrontConnection, _ reason: DetachReason) {
        guard let stay = connection.stay else { return }
        for read in stay.reads { leave(read, reason) }
        stay.reads.removeAll()
        connection.stay = nil
    }

    private mutating func leave(_ read: ClientRead, _ reason: DetachReason) {
        if let number = links[read.link]?.number, let trunk = openTrunk(of: read.link) {
            flushBatch(read.link)
            let detach = Detach(link: number, member: read.member, reason: reason)
            trunks[trunk]!.output.frame(.detach) { detach.encode(into: &$0) }
        }
        links[read.link]?.removeMember(read.member)
        noteUnused(read.link)
    }

    // MARK: What backs say

    /// Asks the back to let a session in, or to let it go on.
    mutating func requestAttach(_ member: FrontMember, _ index: Int) {
        guard let number = links[index]?.number, let trunk = openTrunk(of: index),
            let connection = connections[member.connection], let stay = connection.stay,
            let read = stay.reads.first(where: { $0.member == member.number && $0.link == index })
        else { return }
        let attach = Attach(
            link: number, member: member.number, session: stay.session, attach: stay.attach,
            wantsWrite: stay.write == read.channel && stay.revoking == nil, held: read.held,
            claims: connection.claims, options: read.options)
        trunks[trunk]!.output.frame(.attach) { attach.encode(into: &$0) }
    }

    /// The trunk broke: what the client has been sent is what it holds when the link is back.
    mutating func memberSuspended(_ member: FrontMember) {
        withRead(member) { connection, stay, place in
            if case .live(let sent) = stay.reads[place].phase, let lineage = links[stay.reads[place].link]?.lineage {
                stay.reads[place].held = sent.map { Held(lineage: lineage, version: $0, audiences: [.everyone]) }
            }
            stay.reads[place].phase = .attaching
            if stay.grantedChannel == stay.reads[place].channel { stay.grant = nil }
            if stay.revoking?.channel == stay.reads[place].channel {
                stay.revoking = nil
            }
        }
        if let stay = connections[member.connection]?.stay { requestGrant(stay) }
    }

    mutating func memberEnded(_ member: FrontMember, _ channel: String, _ farewell: Farewell) {
        withRead(member) { connection, stay, place in
            stay.reads.remove(at: place)
            if stay.write == channel {
                stay.write = nil
                stay.grant = nil
            }
            if stay.revoking?.channel == channel { stay.revoking = nil }
            ClientVoice.unlinked(
                ClientUnlinked(channel: channel, farewell: farewell), connection.format, to: &connection.head)
        }
        guard let connection = connections[member.connection] else { return }
        wantsToWrite(connection)
        if let stay = connection.stay { requestGrant(stay) }
    }

    private func withRead(_ member: FrontMember, _ body: (FrontConnection, ClientStay, Int) -> Void) {
        guard let connection = connections[member.connection], let stay = connection.stay,
            let place = stay.reads.firstIndex(where: { $0.member == member.number && isLink($0.link, member) })
        else { return }
        body(connection, stay, place)
    }

    private func isLink(_ index: Int, _ member: FrontMember) -> Bool {
        links[index]?.connection(of: member.number) == member.connection
    }

    private func find(
        _ link: LinkNumber, _ member: MemberNumber, _ trunk: FrontTrunk
    ) -> (FrontConnection, ClientStay, Int)? {
        guard let index = trunk.linkOf[link], let id = links[index]?.connection(of: member),
            let connection = connections[id], let stay = connection.stay,
            let place = stay.reads.firstIndex(where: { $0.link == index })
        else { return nil }
        return (connection, stay, place)
    }

    mutating func attached(_ attached: MemberAttached, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(attached.link, attached.member, trunk) else { return }
        let index = stay.reads[place].link
        guard let history = links[index]?.history else { return }
        let held = stay.reads[place].held
        let isKept = attached.kept.contains(.everyone) && held?.lineage == history.lineage
        stay.reads[place].phase = .live(sent: isKept ? held?.version : nil)
        ClientVoice.attached(
            ClientAttached(
                link: attached.link, channel: stay.reads[place].channel, lineage: history.lineage,
                version: attached.version, audiences: attached.audiences, kept: isKept ? [.everyone] : [],
                data: attached.data),
            connection.format, to: &connection.head)
        wantsToWrite(connection)
    }

    mutating func dismissed(_ dismissed: Dismissed, _ trunk: FrontTrunk) {
        guard let (connection, stay, place) = find(dismissed.link, dismissed.member, trunk) else { return }
        let read = stay.reads[place]
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
            if stay.write == read.channel {
                stay.write = nil
                stay.grant = nil
            }
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
        guard stay.write == channel else { return want(stay.reads[place], false) }
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
                tick: links[stay.reads[place].link]?.history?.tick
                    ?? TickNumber(rawValue: 0))
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
        stay.revoking = nil
        stay.grant = nil
        requestGrant(stay)
    }

    mutating func acksArrived(_ frame: Frame, _ trunk: FrontTrunk) throws(WireError) {
        var reader = ByteReader(frame.body)
        let link: LinkNumber = try reader.num()
        let tick: TickNumber = try reader.num()
        while !reader.isAtEnd {
            let member: MemberNumber = try reader.num()
            let highest: InputNumber = try reader.num()
            guard let (connection, stay, place) = find(link, member, trunk), let grant = stay.grant,
                stay.grantedChannel == stay.reads[place].channel
            else { continue }
            connection.pendingAck = ClientAcked(grant: grant, highest: highest, tick: tick)
            wantsToWrite(connection)
        }
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
            guard connection.messageCount < Limits.messagesPerClient else {
                counters.messagesDropped += 1
                continue
            }
            connection.messageCount += 1
            ClientVoice.message(said, connection.format, to: &connection.messages)
            wantsToWrite(connection)
        }
        if link.observerCount > 0, message.members.isEmpty { direct(.observed(link.channel, .message(message.data))) }
    }
}
