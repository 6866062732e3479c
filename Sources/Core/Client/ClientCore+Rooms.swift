import State

/// The channels: what their fronts say of them.
extension ClientCore {
    func place(of link: LinkNumber) -> Int? { rooms.firstIndex { $0.isAttached(to: link) } }

    /// Says the wish to read, if there is someone to say it to; otherwise hello will.
    mutating func ask(_ place: Int) {
        guard let connection, connection.hasSaidHello else { return }
        rooms[place].phase = .asked
        let read = rooms[place].read
        connection.conduit.say(.read) { read.encode(into: &$0) }
    }

    mutating func attached(_ attached: ClientAttached) {
        guard let place = place(of: attached.channel) else { return }
        rooms[place].attached(attached)
        if writer != attached.channel {
            // The back takes the grant from a session that comes back without wanting it: no ack will come.
            endInputs(place, "the write grant moved")
        }
        tell(.attached(channel: attached.channel, data: attached.data))
    }

    mutating func unlinked(_ unlinked: ClientUnlinked) {
        guard let place = place(of: unlinked.channel) else { return }
        let farewell = unlinked.farewell
        let isFinal: Bool
        switch farewell.code {
        case .done, .superseded, .refused, .version, .unproven:
            isFinal = true
            rooms[place].linkLost(.gone(farewell))
            endInputs(place, farewell.reason)
            if writer == unlinked.channel { writer = nil }
        case .unavailable:
            // The front keeps trying, and says attached when it has it.
            isFinal = false
            rooms[place].linkLost(.asked)
        default:
            isFinal = false
            rooms[place].retryCount += 1
            rooms[place].linkLost(.retrying(at: now + backoff(rooms[place].retryCount - 1)))
        }
        tell(.unlinked(channel: unlinked.channel, farewell, isFinal: isFinal))
    }

    mutating func retryRooms() {
        guard case .welcomed = phase else { return }
        for place in rooms.indices {
            guard case .retrying(let at) = rooms[place].phase, now >= at else { continue }
            ask(place)
            let channel = rooms[place].channel
            // The front forgot that we want to write there.
            if writer == channel { sayWish() }
        }
    }

    /// Nobody says that a channel has decided all it will of a grant that was given back; after a while nothing comes any more.
    mutating func endWithdrawals() {
        for place in rooms.indices {
            guard let deadline = rooms[place].withdrawalDeadline, now >= deadline else { continue }
            rooms[place].withdrawnAt = nil
            endInputs(place, "the write grant moved")
        }
    }

    // MARK: State

    mutating func pieceArrived(_ frame: Frame) throws(WireError) {
        var reader = ByteReader(frame.body)
        let link: LinkNumber = try reader.num()
        guard let place = place(of: link), let body = try rooms[place].receive(piece: frame.body) else { return }
        try stage(body, place)
    }

    private mutating func stage(_ body: [UInt8], _ place: Int) throws(WireError) {
        try body.withUnsafeBufferPointer { (body) throws(WireError) in
            try stage(UnsafeRawBufferPointer(body), place)
        }
    }

    mutating func sectionArrived(_ frame: Frame) throws(WireError) {
        var reader = ByteReader(frame.body)
        let link: LinkNumber = try reader.num()
        // Of a channel that is no longer read, or read again meanwhile.
        guard let place = place(of: link) else { return }
        try stage(frame.body, place)
    }

    private mutating func stage(_ body: UnsafeRawBufferPointer, _ place: Int) throws(WireError) {
        tally.sections += 1
        tally.patchBytes += UInt64(body.count)
        do {
            let head = try rooms[place].receive(section: body)
            if head.base == .nothing { tally.snapshots += 1 }
        } catch {
            try mirrorFailed(error, place)
        }
    }

    mutating func markArrived(_ mark: Mark) throws(WireError) {
        guard let place = place(of: mark.link) else { return }
        let changes: [MirrorChange]
        do {
            changes = try rooms[place].commit(mark)
        } catch {
            return try mirrorFailed(error, place)
        }
        tally.commits += 1
        tell(.committed(channel: rooms[place].channel, changes: changes))
        tellMessages(rooms[place].takeDueMessages(), rooms[place].channel)
        // What was committed is not what the back has: the channel is read anew, and whoever looks after the back is told.
        guard let disagreement = rooms[place].mirror.disagreement else { return }
        tally.disagreements += 1
        report(disagreement, mark.link)
        try readAnew(place)
    }

    /// The operator of the back hears of it too.
    private mutating func report(_ disagreement: MirrorDisagreement, _ link: LinkNumber) {
        guard case .hash(let audience, let version, let told, let held) = disagreement else { return }
        let disagreed = Disagreed(
            link: link, audience: AudienceNumber(rawValue: audience), version: Version(rawValue: version), told: told,
            held: held)
        say(.disagreed) { disagreed.encode(into: &$0) }
    }

    mutating func regrouped(_ regrouped: ClientRegrouped) {
        guard let place = place(of: regrouped.link) else { return }
        rooms[place].regrouped(regrouped)
    }

    /// Bad bytes end the connection; anything else means that what is held does not fit what came.
    private mutating func mirrorFailed(_ error: MirrorError, _ place: Int) throws(WireError) {
        if case .malformed(let error) = error { throw error }
        tally.gaps += 1
        try readAnew(place)
    }

    private mutating func readAnew(_ place: Int) throws(WireError) {
        rooms[place].gapCount += 1
        guard rooms[place].gapCount <= ClientLimits.gapsInARow else { throw .invalid("the state, gap after gap,") }
        rooms[place].distrust()
        tell(.gap(channel: rooms[place].channel))
        ask(place)
    }

    mutating func messageArrived(_ message: ClientMessage) {
        guard let place = place(of: message.channel) else {
            tally.messagesDropped += 1
            return
        }
        let (due, droppedCount) = rooms[place].receive(message)
        tally.messagesDropped += UInt64(droppedCount)
        tellMessages(due, message.channel)
    }

    private mutating func tellMessages(_ messages: [ClientMessage], _ channel: String) {
        for message in messages {
            tally.messages += 1
            tell(.message(channel: channel, version: message.version, data: message.data))
        }
    }

    // MARK: Inputs

    mutating func granted(_ granted: ClientGranted) {
        // One that was asked for before the grant was moved again is not ours any more.
        guard writer == granted.channel, let place = place(of: granted.channel) else {
            // What it says of inputs that were under way is true all the same, and said only once.
            guard let place = place(of: granted.channel), rooms[place].queue.grant == granted.grant else { return }
            rooms[place].queue.learned(highest: granted.highest, refused: granted.refused)
            return tellOutcomes(place)
        }
        // Said before our wish was heard, or kept by the back while nobody heard it: its numbers were given up.
        guard granted.grant != abandonedGrant else { return askForAnother() }
        let isNew = rooms[place].queue.granted(granted.grant, highest: granted.highest, refused: granted.refused)
        tellOutcomes(place)
        // The old channel has decided all that it will.
        for other in rooms.indices where other != place { endInputs(other, "the write grant moved") }
        tell(.granted(channel: granted.channel, granted.grant, isNew: isNew))
    }

    /// Gives the grant back and asks for a new one.
    private mutating func askForAnother() {
        let nothing = ClientWish(channel: "", options: writerOptions)
        say(.write) { nothing.encode(into: &$0) }
        sayWish()
    }

    mutating func acked(_ acked: ClientAcked) {
        guard let place = rooms.firstIndex(where: { $0.queue.grant == acked.grant }) else { return }
        rooms[place].queue.acked(acked.highest, tick: acked.tick)
        tellOutcomes(place)
    }

    mutating func refused(_ refused: ClientRefused) {
        guard let place = rooms.firstIndex(where: { $0.queue.grant == refused.grant }) else { return }
        rooms[place].queue.refused(refused.number, refused.reason)
        tellOutcomes(place)
    }

    mutating func endInputs(_ place: Int, _ reason: String) {
        abandonedGrant = rooms[place].queue.grant ?? abandonedGrant
        rooms[place].queue.end(reason)
        tellOutcomes(place)
    }

    mutating func tellOutcomes(_ place: Int) {
        for (ticket, outcome) in rooms[place].queue.takeOutcomes() {
            switch outcome {
            case .acked: tally.acked += 1
            case .refused: tally.refused += 1
            case .undecided: tally.undecided += 1
            }
            tell(.settled(channel: rooms[place].channel, ticket, outcome))
        }
    }

    /// Says what the window lets out.
    mutating func sendInputs(_ connection: ClientConnection) {
        guard let writer, let place = place(of: writer) else { return }
        let conduit = connection.conduit
        let kind = rooms[place].isUrgent ? FrameKind.inputsNow : .inputs
        var hasLeft = false
        rooms[place].queue.write { grant, first, inputs in
            hasLeft = true
            conduit.say(kind) {
                $0.u64(grant)
                $0.num(first)
                for input in inputs { $0.blob(input) }
            }
        }
        if hasLeft { rooms[place].isUrgent = false }
    }
}
