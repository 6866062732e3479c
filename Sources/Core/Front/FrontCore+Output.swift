import State

/// What one connection is owed, made into parts at the moment its socket takes them.
///
/// The parts are of two kinds: its own bytes, in one scratch buffer, and shared buffers that every client of a channel sends.
struct GatherParts {
    enum Part {
        case own(Range<Int>)
        case frames(SharedFrames, forWebSocket: Bool)
        /// The plain form, without so many of its last bytes.
        case section(SharedFrames, without: Int)
        case text(SharedBytes)
    }

    var own = ByteWriter()
    var list: [Part] = []

    mutating func reset() {
        own.bytes.removeAll(keepingCapacity: true)
        list.removeAll(keepingCapacity: true)
    }

    /// Appends bytes of the connection's own.
    mutating func append(_ bytes: [UInt8], framedAsMessage: Bool) {
        guard !bytes.isEmpty else { return }
        append { own in
            if framedAsMessage { WebSocketWriter.header(.binary, payloadByteCount: bytes.count, to: &own) }
            own.raw(bytes)
        }
    }

    /// Appends what `body` writes, in one part with what stands before it if that is the connection's own too.
    mutating func append(_ body: (inout ByteWriter) -> Void) {
        let start = own.count
        body(&own)
        if case .own(let range)? = list.last, range.upperBound == start {
            list[list.count - 1] = .own(range.lowerBound..<own.count)
        } else {
            list.append(.own(start..<own.count))
        }
    }
}

extension FrontCore {
    /// Notes that a connection is owed something of its own.
    mutating func wantsToWrite(_ connection: FrontConnection) {
        leaveCohort(connection)
        queue(connection)
    }

    /// Puts it among those who are asked for what they are owed, one by one.
    mutating func queue(_ connection: FrontConnection) {
        guard !connection.isWaitingToWrite, !connection.isBlocked else { return }
        connection.isWaitingToWrite = true
        writers.append(connection)
        if writeRoom <= 0 { armTurn() }
    }

    /// What the shell did with the parts that it was given.
    package enum Written {
        /// The kernel has them, or the connection is about to be closed.
        case all
        /// Some wait in the shell: nothing more is written to this connection until `drained`.
        case someWait
    }

    /// Whether `writeOwed` has anything to do in this turn. A shell that holds the core in a place of its own asks without a copy.
    package mutating func owesAnything() -> Bool {
        (writeRoom > 0 && (!writers.isEmpty || !owedCohorts.isEmpty)) || hasJoiner
    }

    /// Has what is owed written, as far as this turn has room, one call of `write` for each connection: the parts are valid during
    /// the call, which must not call this core, and count as sent. What the kernel does not take the shell keeps.
    package mutating func writeOwed(now: Instant, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written) {
        self.now = now
        // Half of the room is for each, so that neither waits for the end of the other; what one does not need the other has.
        walkCohorts(room: writeRoom / 2, write)
        while writeRoom > 0, let connection = writers.popFirst() {
            connection.isWaitingToWrite = false
            writeAll(connection, write)
        }
        walkCohorts(room: writeRoom, write)
        while let connection = nextJoiner() { writeAll(connection, write) }
        if !writers.isEmpty || !owedCohorts.isEmpty { armTurn() }
    }

    /// Writes everything that one connection is owed. Who is in a cohort is owed nothing of its own.
    private mutating func writeAll(
        _ connection: FrontConnection, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written
    ) {
        guard connection.cohort == nil, !connection.isBlocked else { return }
        switch gather(connection, { write(connection.id, $0) }) ?? .all {
        case .all: joinCohort(connection)
        case .someWait: noteBlocked(connection)
        }
    }

    mutating func noteBlocked(_ connection: FrontConnection) {
        connection.isBlocked = true
        if connection.blockedSince == nil { connection.blockedSince = now }
        leaveCohort(connection)
        // Until it is drained it need not be asked: a slow reader costs the steps of the others nothing.
        note(connection, isLoose: false)
    }

    private func note(_ connection: FrontConnection, isLoose: Bool) {
        for read in connection.stay?.reads ?? [] { links[read.link]?.note(read.member, isLoose: isLoose) }
    }

    /// Everything that the connection is owed, as parts that are valid during `body`; nil if that is nothing.
    private mutating func gather<T>(
        _ connection: FrontConnection, _ body: ([UnsafeRawBufferPointer]) -> T
    ) -> T? {
        parts.reset()
        collect(connection)
        guard !parts.list.isEmpty else { return nil }
        counters.writes += 1
        pointers.removeAll(keepingCapacity: true)
        return parts.own.bytes.withUnsafeBytes { own in
            for part in parts.list {
                switch part {
                case .own(let range): pointers.append(UnsafeRawBufferPointer(rebasing: own[range]))
                case .frames(let frames, let forWebSocket):
                    pointers.append(forWebSocket ? frames.forWebSocket : frames.forPlain)
                case .section(let frames, let byteCount): pointers.append(frames.forPlain(without: byteCount))
                case .text(let bytes): pointers.append(bytes.buffer)
                }
            }
            writeRoom -= pointers.reduce(Limits.writeCostBytes) { $0 + $1.count }
            return body(pointers)
        }
    }

    /// The kernel did not take everything; nothing more is gathered for the connection until `drained`.
    package mutating func blocked(_ id: ConnectionID, now: Instant) {
        self.now = now
        guard let connection = connections[id] else { return }
        noteBlocked(connection)
    }

    /// Some of what waits was taken: the peer reads, if slowly.
    package mutating func progressed(_ id: ConnectionID, now: Instant) {
        guard let connection = connections[id], connection.isBlocked else { return }
        connection.blockedSince = now
    }

    package mutating func drained(_ id: ConnectionID, now: Instant) {
        self.now = now
        guard let connection = connections[id] else { return }
        connection.isBlocked = false
        connection.blockedSince = nil
        note(connection, isLoose: connection.cohort == nil)
        wantsToWrite(connection)
    }

    private mutating func collect(_ connection: FrontConnection) {
        let isFramed = connection.format == .webSocket
        if connection.raw.count > 0 {
            parts.append(connection.raw.bytes, framedAsMessage: false)
            connection.raw.clear()
        }
        if connection.head.count > 0 {
            parts.append(connection.head.bytes, framedAsMessage: isFramed)
            connection.head.clear()
        }
        var heldBack = collectState(connection)
        if connection.isClosing { heldBack = [] }
        if !heldBack.contains(.decisions), let ack = connection.pendingAck {
            connection.pendingAck = nil
            if connection.decisions.count == 0, connection.messages.count == 0 {
                // Nothing else is to be said: it goes straight to what is written.
                scratch.clear()
                ClientVoice.acked(ack, connection.format, to: &scratch)
                parts.append(scratch.bytes, framedAsMessage: isFramed)
            } else {
                ClientVoice.acked(ack, connection.format, to: &connection.decisions)
            }
        }
        if !heldBack.contains(.messages), connection.messages.count > 0 {
            connection.decisions.raw(connection.messages.bytes)
            connection.messages.clear()
        }
        if !heldBack.contains(.decisions), connection.decisions.count > 0 {
            parts.append(connection.decisions.bytes, framedAsMessage: isFramed)
            connection.decisions.clear()
        }
        if connection.isClosing { collectFarewell(connection) }
        for part in parts.list {
            switch part {
            case .own: break
            case .frames(let frames, _), .section(let frames, _): counters.deliveredBytes += UInt64(frames.count)
            case .text(let bytes): counters.deliveredBytes += UInt64(bytes.count)
            }
        }
    }

    private mutating func collectFarewell(_ connection: FrontConnection) {
        if connection.saysBye {
            connection.saysBye = false
            let farewell = connection.farewell
            if let farewell {
                var bye = ByteWriter()
                ClientVoice.bye(Bye(farewell, attach: connection.attach), connection.format, to: &bye)
                parts.append(bye.bytes, framedAsMessage: connection.format == .webSocket)
            }
            if connection.format != .plain {
                var close = ByteWriter()
                WebSocketWriter.close(
                    farewell?.code.rawValue ?? connection.closeCode, reason: farewell?.reason ?? "", to: &close)
                parts.append(close.bytes, framedAsMessage: false)
            }
        }
        direct(.close(connection.id))
    }
}

extension ByteWriter {
    mutating func clear() { if count > 0 { bytes.removeAll(keepingCapacity: count <= 4096) } }
}
