import State

/// Work that would hold up everybody else if it were done at once: writes to many readers, state for those who join, squashes of much.
/// A turn of the loop does some of it, and the next turn some more; patches that have just come go first.
extension FrontCore {
    /// The connection is owed more state than this turn has room for, or than one write has.
    mutating func wantsTurn(_ connection: FrontConnection) {
        armTurn()
        guard !connection.isWaitingForTurn else { return }
        connection.isWaitingForTurn = true
        joiners.append(connection)
    }

    /// Who is next to be sent some of the state that it is owed; nil if nobody waits or the turn has no room.
    mutating func nextJoiner() -> FrontConnection? {
        while turnByteCount > 0, let connection = joiners.popFirst() {
            connection.isWaitingForTurn = false
            if !connection.isBlocked, !connection.isClosing { return connection }
        }
        return nil
    }

    /// Whether state waits that this turn has room for.
    var hasJoiner: Bool { turnByteCount > 0 && !joiners.isEmpty }

    /// A reader waits for a squash of one of the link's histories.
    mutating func wantsSquash(_ index: Int, _ connection: FrontConnection) {
        links[index]!.squashWaiters.append(connection.id)
        noteSquash(index)
    }

    /// One of the link's histories may have a squash under way.
    mutating func noteSquash(_ index: Int) {
        armTurn()
        guard let link = links[index], !link.isSquashing else { return }
        link.isSquashing = true
        squashing.append(index)
    }

    /// A new turn: room for writes and for state, and a slice of one squash.
    mutating func beginTurn() {
        writeRoom = settings.writeBytesPerTurn
        turnByteCount = Limits.joinBytesPerTurn
        turnAt = nil
        sweepSome()
        if let index = squashing.popFirst() { squashSome(index) }
        if !squashing.isEmpty || !joiners.isEmpty { armTurn() }
    }

    private mutating func squashSome(_ index: Int) {
        guard let link = links[index] else { return }
        link.isSquashing = false
        counters.squashSlices += 1
        let isFinished = link.step(byteLimit: Limits.squashSliceBytes)
        if isFinished || !link.hasSquash {
            let waiters = link.squashWaiters
            link.squashWaiters = []
            for id in waiters { if let connection = connections[id] { wantsToWrite(connection) } }
        }
        if link.hasSquash { noteSquash(index) }
    }

    mutating func armTurn() {
        if turnAt == nil { turnAt = now + settings.turnPause }
    }
}

extension FrontLink {
    var hasSquash: Bool { history?.isSquashing ?? false || audiences.isSquashing }

    /// Goes on with the squash under way; everyone's first. True once one is there.
    func step(byteLimit: Int) -> Bool {
        if history?.isSquashing ?? false { return history!.step(byteLimit: byteLimit) }
        return audiences.step(byteLimit: byteLimit)
    }
}
