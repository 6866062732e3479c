import State

/// Links: one a channel, made when the first reader comes, kept for a moment after the last has gone.
extension FrontCore {
    /// The place of the channel's link, made if there is none. A channel that nobody serves is refused; while it is not known who
    /// serves what, the link waits.
    mutating func link(to channel: ChannelID, options: [UInt8] = []) throws(Farewell) -> Int {
        if let index = linkOf[channel] { return index }
        let back = directory.back(for: channel)
        guard back != nil || !isDirectoryKnown else { throw Self.nobodyServes(channel) }
        let index = links.firstIndex { $0 == nil } ?? links.count
        let link = FrontLink(channel: channel, back: back?.name ?? "", now: now)
        link.options = options
        if index == links.count { links.append(link) } else { links[index] = link }
        linkOf[channel] = index
        beginLink(index)
        armSweep()
        return index
    }

    /// A program in this process wants the channel's state. `observed` directives tell it what happens.
    /// `options` go to the back with the wish, if this begins the link: one that clients read is linked already.
    package mutating func observe(
        _ channel: ChannelID, options: [UInt8] = [], now: Instant
    ) throws(Farewell) {
        self.now = now
        guard options.count <= Limits.optionsBytes else {
            throw Farewell(.tooBig, "options have at most \(Limits.optionsBytes) bytes")
        }
        let index = try link(to: channel, options: options)
        links[index]!.observerCount += 1
        links[index]!.unusedSince = nil
        if links[index]!.history != nil { direct(.observed(channel, .linked(data: links[index]!.data))) }
    }

    package mutating func endObservation(of channel: ChannelID, now: Instant) {
        self.now = now
        guard let index = linkOf[channel], links[index]!.observerCount > 0 else { return }
        links[index]!.observerCount -= 1
        noteUnused(index)
    }

    /// Asks the back for the channel's state anew: what an `.observed(.linked)` tells of then is of a back that acted after this
    /// call, whatever is held until then. Nothing happens if the channel is not linked.
    package mutating func renewLink(to channel: ChannelID, now: Instant) {
        self.now = now
        guard let index = linkOf[channel] else { return }
        unlinkAtBack(index)
        suspendLink(index)
        beginLink(index)
    }

    func openTrunk(of index: Int) -> TrunkID? {
        guard let link = links[index], let id = trunkOf[link.back], trunks[id]?.isOpen == true else { return nil }
        return id
    }

    /// Asks the back for a link, and for a place for everyone who waits for it.
    mutating func beginLink(_ index: Int) {
        guard let trunk = openTrunk(of: index) else { return }
        lastLinkNumber = lastLinkNumber.next
        let number = lastLinkNumber
        links[index]!.restart()
        forgetInputWays()
        links[index]!.phase = .linking(number, since: now)
        trunks[trunk]!.linkOf[number] = index
        let request = LinkRequest(
            link: number, channel: links[index]!.channel.text, options: links[index]!.options)
        trunks[trunk]!.output.frame(.link) { request.encode(into: &$0) }
        for member in links[index]!.members { requestAttach(member, index) }
    }

    /// The trunk broke: whoever reads the channel keeps what it has, and waits.
    mutating func suspendLink(_ index: Int) {
        guard links[index] != nil else { return }
        links[index]!.phase = .waiting(since: now)
        links[index]!.restart()
        forgetInputWays()
        resumeStalled(index)
        for member in links[index]!.members { memberSuspended(member, index) }
    }

    /// Channels may have moved to other backs.
    mutating func rerouteLinks() {
        for index in links.indices {
            guard let link = links[index] else { continue }
            if link.back.isEmpty, isDirectoryKnown, directory.back(for: link.channel) == nil {
                endLink(index, Self.nobodyServes(link.channel))
                continue
            }
            guard let back = directory.back(for: link.channel), back.name != link.back else { continue }
            unlinkAtBack(index)
            suspendLink(index)
            links[index]!.back = back.name
            beginLink(index)
        }
    }

    /// Whether the hub, or every back, has said which channels there are.
    private var isDirectoryKnown: Bool { hasDirectory && directory.backs.allSatisfy { !$0.families.isEmpty } }

    private static func nobodyServes(_ channel: ChannelID) -> Farewell {
        Farewell(.unknownChannel, "no back serves '\(channel)'")
    }

    mutating func noteUnused(_ index: Int) {
        guard let link = links[index], !link.isUsed else { return }
        links[index]!.unusedSince = now
        armSweep()
    }

    /// Links that nobody uses go; links that nobody answers are told to their readers; those whose patches do not join begin
    /// anew.
    mutating func sweepLinks() {
        for index in links.indices {
            guard let link = links[index] else { continue }
            if let since = link.unusedSince, now.since(since) >= Limits.linkLinger {
                unlinkAtBack(index)
                forgetLink(index)
                continue
            }
            if link.isLive, link.history?.isDamaged ?? false || link.audiences.isDamaged {
                beginAnew(index)
                continue
            }
            if case .waiting(let since) = link.phase, link.back.isEmpty, now.since(since) >= Limits.linkAnswer {
                endLink(index, Farewell(.timedOut, "nobody has said yet who serves '\(link.channel)'"))
                continue
            }
            if case .linking(_, let since) = link.phase, now.since(since) >= Limits.linkAnswer {
                unlinkAtBack(index)
                endLink(index, Farewell(.timedOut, "'\(link.channel)' did not answer within 5 s"))
            }
        }
    }

    mutating func unlinkAtBack(_ index: Int) {
        guard let number = links[index]?.number, let trunk = openTrunk(of: index) else { return }
        flushBatch(index)
        trunks[trunk]!.linkOf[number] = nil
        trunks[trunk]!.output.frame(.unlink) { $0.num(number) }
    }

    private mutating func forgetLink(_ index: Int) {
        guard let link = links[index] else { return }
        resumeStalled(index)
        forgetInputWays()
        for cohort in link.cohorts { dropCohort(cohort) }
        linkOf[link.channel] = nil
        links[index] = nil
    }

    // MARK: What the back says

    mutating func linked(_ linked: Linked, _ trunk: FrontTrunk) {
        guard let index = trunk.linkOf[linked.link], links[index]?.number == linked.link else { return }
        links[index]!.phase = .live(linked.link)
        links[index]!.lineage = linked.lineage
        if case .open(let epoch) = trunk.phase { links[index]!.epoch = epoch }
        links[index]!.data = linked.data
        links[index]!.version = .nothing
        links[index]!.history = nil
    }

    mutating func unlinked(_ unlinked: Unlinked, _ trunk: FrontTrunk) {
        guard let index = trunk.linkOf[unlinked.link], links[index]?.number == unlinked.link else { return }
        trunks[trunk.id]!.linkOf[unlinked.link] = nil
        endLink(index, unlinked.farewell)
    }

    /// The link is over for good: its readers are told why.
    private mutating func endLink(_ index: Int, _ farewell: Farewell) {
        guard let link = links[index] else { return }
        for member in link.members { memberEnded(member, index, link.channel.text, farewell) }
        if link.observerCount > 0 { direct(.observed(link.channel, .unlinked(farewell))) }
        forgetLink(index)
    }

    // MARK: Inputs

    /// Inputs leave at most every flush interval: the first after a quiet time goes at once, those behind it find company. Behind
    /// very many of them it is twice as long: what is done once a flush is most of what they cost.
    mutating func armFlush() {
        guard flushAt == nil else { return }
        let interval = settings.flushInterval
        flushAt = max(now, flushedAt + (flushedCount > Limits.inputsOfShortFlush ? interval + interval : interval))
    }

    mutating func flushBatches() {
        flushAt = nil
        flushedAt = now
        flushedCount = counters.inputs - inputsAtFlush
        inputsAtFlush = counters.inputs
        for index in batchedLinks { flushBatch(index) }
        batchedLinks.removeAll(keepingCapacity: true)
    }

    /// Sends what has gathered for a link, as far as the back has given credit and the trunk has room, in frames that a back takes:
    /// many clients who stood still may have filled more than one.
    mutating func flushBatch(_ index: Int) {
        guard let batch = links[index]?.batch, batch.count > 0, links[index]!.credit > 0,
            let number = links[index]!.number, let id = openTrunk(of: index), let trunk = trunks[id]
        else { return }
        // Room for all of it at once: made for each frame, all before it would be copied.
        let leaving = min(batch.count, links[index]!.credit + Limits.windowBytes)
        trunk.output.bytes.reserveCapacity(trunk.output.count + leaving + (leaving >> 9) + 64)
        var (sent, frameCount) = (0, 0)
        while sent < batch.count, links[index]!.credit > 0 {
            guard trunk.takesInputs else {
                trunk.holdsInputs = true
                break
            }
            let end = batch.end(ofFrame: frameCount)
            frameCount += 1
            counters.batches += 1
            trunk.output.frame(.trunkInputs, byteCount: ByteWriter.numByteCount(number.rawValue) + end - sent) {
                $0.num(number)
                $0.raw(UnsafeRawBufferPointer(rebasing: batch.bytes[sent..<end]))
            }
            links[index]!.credit -= end - sent
            sent = end
        }
        if sent > 0 { batch.removeFirst(sent) }
    }

    mutating func creditArrived(_ byteCount: UInt64, _ index: Int) {
        links[index]!.credit += Int(min(byteCount, UInt64(Limits.trunkBacklogBytes)))
        flushBatch(index)
        resumeIfTaken(index)
    }

    /// Whether a batch of this link would leave.
    func takesInputs(_ index: Int) -> Bool {
        guard let link = links[index], link.credit > 0 else { return false }
        guard let id = openTrunk(of: index), let trunk = trunks[id], !trunk.takesInputs else { return true }
        trunk.holdsInputs = true
        return false
    }

    mutating func resumeIfTaken(_ index: Int) {
        if takesInputs(index) { resumeStalled(index) }
    }

    /// The clients that filled a stalled link are read again.
    mutating func resumeStalled(_ index: Int) {
        for id in links[index]?.stalled ?? [] {
            guard let connection = connections[id] else { continue }
            connection.stalledLinks.removeAll { $0 == index }
            if connection.stalledLinks.isEmpty { direct(.resumeReading(id)) }
        }
        links[index]?.stalled.removeAll()
    }
}
