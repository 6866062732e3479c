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
    /// Notes that a connection is owed something.
    mutating func wantsToWrite(_ connection: FrontConnection) {
        guard !connection.isWaitingToWrite, !connection.isBlocked else { return }
        connection.isWaitingToWrite = true
        writers.append(connection)
    }

    /// Everything that the connection is owed, as parts that are valid during `body`. They count as sent: what the kernel does
    /// not take, the shell keeps and then says `blocked`.
    package mutating func gather<T>(
        _ id: ConnectionID, now: Instant, _ body: ([UnsafeRawBufferPointer]) -> T
    ) -> T? {
        self.now = now
        guard let connection = connections[id] else { return nil }
        if let frames = newestStep(for: connection) {
            counters.deliveries += 1
            counters.deliveredBytes += UInt64(frames.count)
            counters.writes += 1
            return body([connection.format == .plain ? frames.forPlain : frames.forWebSocket])
        }
        return gatherAll(connection, body)
    }

    /// What the shell did with the parts that it was given.
    package enum Written {
        /// The kernel has them, or the connection is about to be closed.
        case all
        /// Some wait in the shell: nothing more is written to this connection until `drained`.
        case someWait
    }

    /// Whether `writeOwed` has anything to do.
    package var isAnythingOwed: Bool { !writers.isEmpty || !stepped.isEmpty || hasJoiner }

    /// As `isAnythingOwed`, for a shell that holds the core in a place of its own: asking copies nothing.
    package mutating func owesAnything() -> Bool { isAnythingOwed }

    /// All readers of a link are owed what has just come.
    mutating func noteStep(_ index: Int) {
        guard let link = links[index], !link.hasStepped else { return }
        link.hasStepped = true
        stepped.append(index)
    }

    /// For whoever pulls writes one by one.
    mutating func queueStepped() {
        for index in stepped {
            guard let link = links[index], link.hasStepped else { continue }
            link.hasStepped = false
            for member in link.members { wantsToWrite(member.client) }
        }
        stepped.removeAll(keepingCapacity: true)
    }

    /// Has everything written that is owed, one call of `write` for each connection. `write` must not call this core.
    package mutating func writeOwed(
        now: Instant, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written,
        one: (ConnectionID, UnsafeRawBufferPointer) -> Written
    ) {
        self.now = now
        for index in stepped {
            guard let link = links[index], link.hasStepped else { continue }
            link.hasStepped = false
            fanOut(link, write, one)
        }
        stepped.removeAll(keepingCapacity: true)
        writeToWriters(write, one)
        while let connection = nextJoiner() {
            note(gatherAll(connection) { write(connection.id, $0) } ?? .all, connection)
            writeToWriters(write, one)
        }
    }

    private mutating func writeToWriters(
        _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written,
        _ one: (ConnectionID, UnsafeRawBufferPointer) -> Written
    ) {
        while let connection = writers.popLast() {
            connection.isWaitingToWrite = false
            guard !connection.isBlocked else { continue }
            if let frames = newestStep(for: connection) {
                counters.deliveries += 1
                counters.writes += 1
                counters.deliveredBytes += UInt64(frames.count)
                note(
                    one(connection.id, connection.format == .plain ? frames.forPlain : frames.forWebSocket), connection)
            } else {
                note(gatherAll(connection) { write(connection.id, $0) } ?? .all, connection)
            }
        }
    }

    /// All readers of one link, each with one write. Who waits among the writers for something else gets it all from there.
    @inline(__always)
    private mutating func fanOut(
        _ link: FrontLink, _ write: (ConnectionID, [UnsafeRawBufferPointer]) -> Written,
        _ one: (ConnectionID, UnsafeRawBufferPointer) -> Written
    ) {
        let step = link.newest
        var deliveries: UInt64 = 0
        for member in link.members {
            let connection = member.client
            guard !connection.isWaitingToWrite, !connection.isBlocked else { continue }
            if let step, connection.owesStateAlone, let stay = connection.stay, stay.reads.count == 1,
                connection.takes(step)
            {
                deliveries += 1
                note(
                    one(
                        connection.id,
                        connection.format == .plain ? step.frames.forPlain : step.frames.forWebSocket), connection)
            } else {
                note(gatherAll(connection) { write(connection.id, $0) } ?? .all, connection)
            }
        }
        counters.deliveries += deliveries
        counters.writes += deliveries
        counters.deliveredBytes += deliveries * UInt64(step?.frames.count ?? 0)
    }

    @inline(__always)
    private func note(_ written: Written, _ connection: FrontConnection) {
        guard case .someWait = written else { return }
        connection.isBlocked = true
        if connection.blockedSince == nil { connection.blockedSince = now }
    }

    /// The newest step, if it is all that the connection is owed; it counts as sent. This is the path of a fan-out: no lookup, no
    /// copy, no allocation.
    private mutating func newestStep(for connection: FrontConnection) -> SharedFrames? {
        guard connection.owesStateAlone, let stay = connection.stay, stay.reads.count == 1,
            let step = links[stay.reads[0].link]?.newest, connection.takes(step)
        else { return nil }
        return step.frames
    }

    private mutating func gatherAll<T>(
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
            return body(pointers)
        }
    }

    /// The kernel did not take everything; nothing more is gathered for the connection until `drained`.
    package mutating func blocked(_ id: ConnectionID, now: Instant) {
        guard let connection = connections[id] else { return }
        connection.isBlocked = true
        if connection.blockedSince == nil { connection.blockedSince = now }
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
