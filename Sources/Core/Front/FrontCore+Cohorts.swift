import State

/// Cohorts: who is in which, and their walks.
extension FrontCore {
    /// A client to whom everything was written goes on with those who stand where it stands.
    mutating func joinCohort(_ connection: FrontConnection) {
        guard connection.cohort == nil, connection.owesNothingAside, let stay = connection.stay, !stay.reads.isEmpty
        else { return }
        var held: [Version] = []
        for read in stay.reads {
            guard case .live(let sent?) = read.phase, read.others == nil, read.transfer == nil, !read.owesMark,
                let history = links[read.link]?.history, sent >= history.version
            else { return }
            held.append(sent)
        }
        let key = Cohort.Key(links: stay.reads.map(\.link), isWebSocket: connection.format == .webSocket)
        let cohort = cohorts[key]?.first { $0.entrance == held } ?? makeCohort(key, held)
        for place in stay.reads.indices {
            stay.reads[place].phase = .together
            links[stay.reads[place].link]!.note(stay.reads[place].member, isLoose: false)
        }
        cohort.add(connection, ack: connection.pendingAck)
        guard connection.pendingAck != nil else { return }
        connection.pendingAck = nil
        owe(cohort)
    }

    /// A client is owed something of its own, or reads something else: its position is its own again. It is looked at soon, for what
    /// its cohort was owed.
    mutating func leaveCohort(_ connection: FrontConnection) {
        guard let cohort = connection.cohort else { return }
        if let stay = connection.stay {
            for (place, version) in cohort.versions(at: connection.cohortPlace).enumerated() {
                stay.reads[place].phase = .live(sent: version)
                links[stay.reads[place].link]!.note(stay.reads[place].member, isLoose: true)
            }
        }
        connection.pendingAck = cohort.remove(at: connection.cohortPlace)
        queue(connection)
    }

    private mutating func makeCohort(_ key: Cohort.Key, _ held: [Version]) -> Cohort {
        let cohort = Cohort(key, held: held)
        cohorts[key, default: []].append(cohort)
        for index in key.links { links[index]!.cohorts.append(cohort) }
        return cohort
    }

    /// Nobody is in it any more, and nobody can join it.
    mutating func dropCohort(_ cohort: Cohort) {
        cohorts[cohort.key]?.removeAll { $0 === cohort }
        if cohorts[cohort.key]?.isEmpty ?? false { cohorts[cohort.key] = nil }
    }

    /// All readers of a link are owed what has just come.
    mutating func noteStep(_ index: Int) {
        guard let link = links[index] else { return }
        if link.looseCount > 0 {
            for member in link.members where member.isLoose { wantsToWrite(member.client) }
        }
        var isAnyEmpty = false
        for cohort in link.cohorts {
            if cohort.members.isEmpty {
                isAnyEmpty = true
                dropCohort(cohort)
            } else {
                owe(cohort)
            }
        }
        if isAnyEmpty { link.cohorts.removeAll { $0.members.isEmpty } }
    }

    /// A cohort is to be walked.
    mutating func owe(_ cohort: Cohort) {
        cohort.isOwed = true
        putInLine(cohort)
    }

    private mutating func putInLine(_ cohort: Cohort) {
        guard !cohort.isInLine else { return }
        cohort.isInLine = true
        owedCohorts.append(cohort)
        if writeRoom <= 0 { armTurn() }
    }

    // MARK: Walks

    /// Walks the cohorts that are owed something, as far as the turn has room.
    mutating func walkCohorts(room: Int, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written) {
        let floor = writeRoom - room
        while writeRoom > floor, let cohort = owedCohorts.popFirst() {
            cohort.isInLine = false
            if cohort.walk == nil, !beginWalk(cohort) { continue }
            goOn(cohort, floor, write)
        }
    }

    /// Makes what the cohort is owed. False if some of it is state from nothing, or a squash that is yet to be made: then each of
    /// its members goes its own way.
    private mutating func beginWalk(_ cohort: Cohort) -> Bool {
        cohort.isOwed = false
        guard !cohort.members.isEmpty else { return false }
        composed.removeAll(keepingCapacity: true)
        defer { composed.removeAll(keepingCapacity: true) }
        var goal = cohort.held
        for (place, index) in cohort.key.links.enumerated() {
            let before = composed.count
            switch links[index]?.history == nil ? .later : links[index]!.history!.catchUp(from: goal[place]) {
            case .upToDate: continue
            case .snapshot, .later:
                disperse(cohort)
                return false
            case .entries(let first): composed.append(contentsOf: links[index]!.history!.entries[first...])
            case .squash(let entry, let first):
                counters.squashes += UInt64(cohort.members.count)
                composed.append(entry)
                composed.append(contentsOf: links[index]!.history!.entries[first...])
            }
            if composed.count > before { goal[place] = composed[composed.count - 1].version }
        }
        let frames = composed.compactMap(\.wholeFrames)
        guard frames.count == composed.count else {
            disperse(cohort)
            return false
        }
        let isWebSocket = cohort.key.isWebSocket
        let bytes = WalkBytes(frames.map { isWebSocket ? $0.forWebSocket : $0.forPlain })
        cohort.begin(Cohort.Walk(goal: goal, bytes: bytes, patchCount: composed.count))
        return true
    }

    private mutating func disperse(_ cohort: Cohort) {
        while let member = cohort.members.last { leaveCohort(member.connection) }
    }

    /// Writes to those whom the walk has not reached, until it is at its end or the turn's room is at its `floor`.
    private mutating func goOn(
        _ cohort: Cohort, _ floor: Int, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written
    ) {
        guard let bytes = cohort.walk?.bytes, let patchCount = cohort.walk?.patchCount else { return }
        var writes = 0
        defer {
            counters.writes += UInt64(writes)
            counters.deliveries += UInt64(writes * patchCount)
            counters.deliveredBytes += UInt64(writes * bytes.count)
        }
        pointers.removeAll(keepingCapacity: true)
        pointers.append(bytes.buffer(bytes.count))
        while writeRoom > floor {
            guard let (place, byteCount) = cohort.nextWritten(bytes) else { return endWalk(cohort) }
            writes += 1
            writeRoom -= byteCount + Limits.writeCostBytes
            pointers[0] = bytes.buffer(byteCount)
            if case .someWait = write(cohort.members[place].id, pointers) {
                noteBlocked(cohort.members[place].connection)
            }
        }
        putInLine(cohort)
    }

    /// All of them stand at the goal, with those who were there before.
    private mutating func endWalk(_ cohort: Cohort) {
        cohort.end()
        if let other = cohorts[cohort.key]?.first(where: {
            $0 !== cohort && $0.walk == nil && !$0.isOwed && $0.held == cohort.held
        }) {
            let (few, many) = other.members.count < cohort.members.count ? (other, cohort) : (cohort, other)
            var owesAck = false
            while let connection = few.members.last?.connection {
                let ack = few.remove(at: few.members.count - 1)
                many.add(connection, ack: ack)
                if ack != nil { owesAck = true }
            }
            if owesAck { owe(many) }
        }
        if cohort.isOwed { putInLine(cohort) }
    }
}
