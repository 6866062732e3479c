import State

/// Sessions: what clients say once they are in.
extension FrontCore {
    mutating func take(_ frame: Frame, from connection: FrontConnection) throws(Farewell) {
        guard !connection.isClosing else { return }
        do {
            switch frame.kind {
            case .hello: try hello(try frame.decode(Hello.init(from:)), connection)
            case .inputs: try inputs(frame, connection)
            case .inputsNow:
                try inputs(frame, connection)
                flushGranted(connection)
            case .say: try said(try frame.decode(ClientSaid.init(from:)), connection)
            case .read: try startRead(try frame.decode(Read.init(from:)), connection)
            case .unread:
                stopRead(try frame.decode { (reader) throws(WireError) in try reader.text() }, connection)
            case .write:
                try wantWrite(try frame.decode(ClientWish.init(from:)), connection)
            case .disagreed: disagreed(try frame.decode(Disagreed.init(from:)), connection)
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
        case .input(let grant, let number, let data): try input(data, number, grant, connection)
        case .inputNow(let grant, let number, let data):
            try input(data, number, grant, connection)
            flushGranted(connection)
        case .say(let message): try said(message, connection)
        case .read(let reads): for read in reads { try startRead(read, connection) }
        case .unread(let channels): for channel in channels { stopRead(channel, connection) }
        case .write(let channel): try wantWrite(ClientWish(channel: channel), connection)
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
        let stay = ClientStay(session: session, attach: hello.attach, on: connection)
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
        stay.writeOptions = hello.writeOptions
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
            leaveCohort(connection)
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
            counters.readsEnded[error.code, default: 0] += 1
            ClientVoice.unlinked(
                ClientUnlinked(channel: read.channel, farewell: error), connection.format, to: &connection.head)
            wantsToWrite(connection)
        }
    }

    /// A read of a channel that is being read begins it anew from what the client holds: it saw a gap. The session stays; only its
    /// member number is another, so that what is under way for the old one goes nowhere.
    private mutating func readAgain(_ read: Read, _ place: Int, _ stay: ClientStay, _ connection: FrontConnection) {
        let index = stay.reads[place].link
        leaveCohort(connection)
        flushBatch(index)
        connection.inputWay = nil
        links[index]!.removeMember(stay.reads[place].member)
        stay.reads[place].member = links[index]!.addMember(connection)
        stay.reads[place].held = read.held
        stay.reads[place].others = nil
        stay.reads[place].transfer = nil
        stay.reads[place].phase = .attaching
        if links[index]!.number != nil { requestAttach(links[index]!.members.last!, index) }
    }

    private mutating func stopRead(_ channel: String, _ connection: FrontConnection) {
        guard let stay = connection.stay, let place = stay.reads.firstIndex(where: { $0.channel == channel }) else {
            return
        }
        connection.inputWay = nil
        leaveCohort(connection)
        leave(stay.reads[place], .stoppedReading)
        stay.reads.remove(at: place)
        if stay.write == channel { stay.write = nil }
        stay.endGrant(of: channel)
        revocationEnded(of: channel, stay)
    }

    /// Nobody will confirm any more that the channel's grant is revoked: the next one need not wait.
    mutating func revocationEnded(of channel: String, _ stay: ClientStay) {
        guard stay.revoking?.channel == channel else { return }
        stay.revoking = nil
        requestGrant(stay)
    }

    /// The session wants to write elsewhere. The new grant waits until the old channel has decided everything.
    private mutating func wantWrite(_ wish: ClientWish, _ connection: FrontConnection) throws(Farewell) {
        let stay = try stay(of: connection)
        let wanted = wish.channel.isEmpty ? nil : wish.channel
        guard stay.write != wanted else { return }
        let old = stay.write
        stay.write = wanted
        stay.writeOptions = wish.options
        // The revocation stands before the new read, whose attach would ask for the grant at once.
        if let old, stay.revoking == nil, let read = stay.reads.first(where: { $0.channel == old }),
            openTrunk(of: read.link) != nil
        {
            stay.revoking = (old, now)
            want(read, false, stay)
            armSweep()
        }
        if let wanted, !stay.reads.contains(where: { $0.channel == wanted }) {
            try startRead(Read(channel: wanted), connection)
        } else {
            requestGrant(stay)
        }
    }

    /// Asks for the grant that the session wants, if nothing stands in its way.
    mutating func requestGrant(_ stay: ClientStay) {
        guard stay.revoking == nil, let write = stay.write,
            let read = stay.reads.first(where: { $0.channel == write })
        else { return }
        want(read, true, stay)
    }

    mutating func want(_ read: ClientRead, _ write: Bool, _ stay: ClientStay) {
        guard let number = links[read.link]?.number, let trunk = openTrunk(of: read.link) else { return }
        flushBatch(read.link)
        let want = Want(link: number, member: read.member, write: write, options: stay.writeOptions)
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

    private mutating func input(
        _ data: [UInt8], _ number: InputNumber, _ grant: GrantID, _ connection: FrontConnection
    ) throws(Farewell) {
        guard let place = try writable(grant, connection) else { return }
        try data.withUnsafeBufferPointer { (data) throws(Farewell) in
            try batch(UnsafeRawBufferPointer(data), number, place, connection)
        }
    }

    /// The place of the read that the grant is for; nil if it is another grant's, whose inputs are dropped.
    private mutating func writable(_ grant: GrantID, _ connection: FrontConnection) throws(Farewell) -> Int? {
        let stay = try stay(of: connection)
        guard stay.grant == grant, let place = stay.placeOfGrant() else {
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
        links[index]!.batch.append(read.member, number, data)
        links[index]!.batch.noteCut()
        batchGrew(index, connection)
        armFlush()
    }

    /// A batch that has become long leaves, or stalls those who fill it.
    mutating func batchGrew(_ index: Int, _ connection: FrontConnection) {
        let byteCount = links[index]!.batch.count
        if byteCount > Limits.linkCreditBytes / 2 { flushBatch(index) }
        if byteCount > Limits.windowBytes, links[index]!.batch.count > Limits.windowBytes, !takesInputs(index) {
            stall(index, connection)
        }
    }

    /// The back takes no more, or the trunk to it is full: whoever fills the link is not read until it does.
    private mutating func stall(_ index: Int, _ connection: FrontConnection) {
        guard !connection.stalledLinks.contains(index) else { return }
        if links[index]!.credit <= 0 { counters.creditStalls += 1 } else { counters.trunkStalls += 1 }
        links[index]!.stalled.append(connection.id)
        connection.stalledLinks.append(index)
        if connection.stalledLinks.count == 1 { direct(.pauseReading(connection.id)) }
    }

    /// What the client holds is not what the back has: the back is told, so that its operator hears of it.
    private mutating func disagreed(_ disagreed: Disagreed, _ connection: FrontConnection) {
        counters.disagreements += 1
        guard let read = connection.stay?.reads.first(where: { links[$0.link]?.number == disagreed.link }),
            let trunk = openTrunk(of: read.link)
        else { return }
        trunks[trunk]!.output.frame(.trunkDisagreed) { disagreed.encode(into: &$0) }
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
        leaveCohort(connection)
        for read in stay.reads {
            dropMessages(connection, read)
            leave(read, reason)
        }
        stay.reads.removeAll()
        connection.stay = nil
    }

    mutating func leave(_ read: ClientRead, _ reason: DetachReason) {
        if let number = links[read.link]?.number, let trunk = openTrunk(of: read.link) {
            flushBatch(read.link)
            let detach = Detach(link: number, member: read.member, reason: reason)
            trunks[trunk]!.output.frame(.detach) { detach.encode(into: &$0) }
        }
        links[read.link]?.removeMember(read.member)
        noteUnused(read.link)
    }
}
