import State

/// State coming in: sections wait for their mark, the mark commits them all.
extension FrontCore {
    mutating func pieceArrived(_ frame: Frame, _ trunk: FrontTrunk) throws {
        var reader = ByteReader(frame.body)
        let number: LinkNumber = try reader.num()
        guard let index = trunk.linkOf[number] else { return }
        guard let body = try links[index]!.assembly.receive(frame.body) else { return }
        try stage(body, frames: nil, index)
    }

    mutating func sectionArrived(_ frame: Frame, _ trunk: FrontTrunk) throws {
        var reader = ByteReader(frame.body)
        let number: LinkNumber = try reader.num()
        guard let index = trunk.linkOf[number] else { return }
        try stage(Array(frame.body), frames: frame.whole, index)
    }

    /// Takes a section's body. `frames` is how it came, if that was in one frame.
    private mutating func stage(_ body: consuming [UInt8], frames: UnsafeRawBufferPointer?, _ index: Int) throws {
        var patch = body
        let (head, schema) = try patch.withUnsafeBytes { body in
            var reader = ByteReader(body)
            let head = try SectionHead(from: &reader)
            let start = reader.position
            if head.hasSchema { _ = try SchemaDescription(&reader) }
            return (head, start..<reader.position)
        }
        if head.hasSchema { links[index]!.staged.schema = Array(patch[schema]) }
        // The patch moves down in its own memory: a large one is not kept twice.
        patch.removeFirst(schema.upperBound)
        try Patch.check(patch)
        try links[index]!.staged.add(head, patch: patch, frames: frames)
    }

    /// A member is in other audiences from the mark on.
    mutating func regrouped(_ regrouped: Regrouped, _ trunk: FrontTrunk) {
        guard let index = trunk.linkOf[regrouped.link] else { return }
        links[index]!.staged.regrouped.append(regrouped)
    }

    /// Nobody here has been in these audiences for long, and the back says no more of them.
    mutating func dropped(_ dropped: Dropped, _ trunk: FrontTrunk) {
        guard let index = trunk.linkOf[dropped.link] else { return }
        counters.audiencesDropped += UInt64(dropped.audiences.count)
        for audience in dropped.audiences { links[index]!.audiences.drop(audience) }
    }

    /// The mark commits: only now do the histories move, and with them everyone who reads the channel.
    mutating func markArrived(_ mark: Mark, _ trunk: FrontTrunk) throws(Farewell) {
        guard let index = trunk.linkOf[mark.link], links[index]!.isLive else { return }
        // A link begins with everyone's snapshot.
        guard links[index]!.history != nil || links[index]!.staged.hasSnapshot else { return }
        let tick = links[index]!.staged
        links[index]!.staged = StagedTick()
        var isJoined = mark.base <= links[index]!.version
        var isForEveryone = false
        for section in tick.sections where isJoined {
            counters.patches += 1
            counters.patchBytes += UInt64(section.patch.count)
            if section.base == .nothing { counters.stateBytes += UInt64(section.patch.count) }
            if section.audience == .everyone {
                isForEveryone = true
                isJoined = try commit(section, tick.schema, mark, index)
            } else {
                isJoined = commit(section, mark, index)
            }
        }
        links[index]!.version = mark.version
        links[index]!.tick = mark.tick
        for member in tick.regrouped where isJoined { isJoined = regroup(member, index) }
        guard isJoined else { return beginAnew(index) }
        if links[index]!.hasSquash || !links[index]!.squashWaiters.isEmpty { noteSquash(index) }
        if isForEveryone {
            noteStep(index)
        } else {
            for member in links[index]!.spread { wantsToWrite(member.client) }
            if links[index]!.observerCount > 0 { direct(.observed(links[index]!.channel, .advanced)) }
        }
    }

    /// What is kept does not reach what came: the link begins anew.
    mutating func beginAnew(_ index: Int) {
        counters.gaps += 1
        unlinkAtBack(index)
        suspendLink(index)
        beginLink(index)
    }

    /// Everyone's section. False if it does not join on.
    private mutating func commit(
        _ section: StagedTick.Section, _ schema: [UInt8]?, _ mark: Mark, _ index: Int
    ) throws(Farewell) -> Bool {
        guard section.base != .nothing else {
            guard let schema else { throw Farewell(.protocolError, "a snapshot without its schema") }
            links[index]!.history = History(
                link: mark.link, lineage: links[index]!.lineage!, schemaBytes: schema, snapshot: section.patch,
                version: mark.version, tick: mark.tick)
            if links[index]!.observerCount > 0 {
                direct(.observed(links[index]!.channel, .linked(data: links[index]!.data)))
            }
            return true
        }
        // Clients of everyone alone are sent section and mark as they are, from wherever they stand since the base.
        let isJoined = links[index]!.history?.append(section.entry(mark)) ?? false
        if isJoined, links[index]!.observerCount > 0 { direct(.observed(links[index]!.channel, .advanced)) }
        return isJoined
    }

    /// Another audience's section. False if it does not join on.
    private mutating func commit(_ section: StagedTick.Section, _ mark: Mark, _ index: Int) -> Bool {
        guard section.base == .nothing else {
            return links[index]!.audiences.append(section, mark)
        }
        links[index]!.audiences.begin(
            History(
                link: mark.link, audience: section.audience, lineage: links[index]!.lineage!, snapshot: section.patch,
                version: mark.version, tick: mark.tick))
        return true
    }

    /// A live reader's audiences change. False if one is not known here.
    private mutating func regroup(_ regrouped: Regrouped, _ index: Int) -> Bool {
        guard let id = links[index]!.connection(of: regrouped.member), let connection = connections[id],
            let stay = connection.stay,
            let place = stay.reads.firstIndex(where: { $0.link == index && $0.member == regrouped.member }),
            stay.reads[place].isLive
        else { return true }
        leaveCohort(connection)
        guard let now = links[index]!.audiences.places(of: regrouped.audiences) else { return false }
        if let others = stay.reads[place].others {
            others.now = now
        } else if !now.isEmpty {
            stay.reads[place].others = OtherAudiences(now: now, listed: [], held: [], isMarkOwed: false)
            links[index]!.spread(regrouped.member)
        }
        wantsToWrite(connection)
        return true
    }
}
