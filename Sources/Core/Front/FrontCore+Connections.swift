import State

/// Connections at the public listener: what they speak is known from their first byte.
extension FrontCore {
    /// A connection came. False if there is no room: the shell closes it without a word.
    package mutating func accepted(_ id: ConnectionID, peer: String, isLoopback: Bool, now: Instant) -> Bool {
        self.now = now
        let connection = FrontConnection(id: id, peer: peer, isLoopback: isLoopback, now: now)
        switch standing(of: peer, isLoopback: isLoopback) {
        case .success(let standing): connection.standing = standing
        case .failure(let refusal):
            counters.refused[refusal.reason, default: 0] += 1
            armSweep()
            return false
        }
        counters.connectionsAccepted += 1
        connections[id] = connection
        unprovenCount += 1
        unprovenOf[peer, default: 0] += 1
        armSweep()
        return true
    }

    /// The connection is gone. Its session may come back, here or elsewhere.
    package mutating func connectionClosed(_ id: ConnectionID, now: Instant) {
        self.now = now
        guard let connection = connections[id] else { return }
        proven(connection)
        releaseBody(connection)
        leaveAll(connection, .connectionLost)
        // It may stand among the writers still.
        connection.isBlocked = true
        connections[id] = nil
        stepDrain()
    }

    /// Bytes came. The reader unmasks WebSocket payloads where they lie, so the memory must be the caller's to change.
    @inline(__always)
    package mutating func receive(_ bytes: UnsafeMutableRawBufferPointer, from id: ConnectionID, now: Instant) {
        _ = hear(bytes, from: id, now: now)
    }

    /// As `receive`. Answers whether all of it were inputs that wait for company now: then there is nothing else to do but to
    /// flush them.
    package mutating func hear(
        _ bytes: UnsafeMutableRawBufferPointer, from id: ConnectionID, now: Instant
    ) -> Bool {
        // Of a read among others: one of those before it may have been given a later time.
        self.now = max(self.now, now)
        guard let connection = connection(id) else { return false }
        connection.heardAt = self.now
        connection.pingedAt = nil
        guard let way = connection.inputWay, way.era == inputEra else {
            receiveAnything(bytes, connection)
            return false
        }
        let taken = takeInputs(bytes, on: way)
        if taken == bytes.count { return true }
        receiveAnything(UnsafeMutableRawBufferPointer(rebasing: bytes[taken...]), connection)
        return false
    }

    /// Where lies in memory what `hear` looks at of a connection, for a shell that brings it near before. It may not be read or
    /// written, and means nothing once the connection is closed.
    package func whereabouts(of id: ConnectionID) -> UnsafeRawPointer? {
        connections[id].map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) }
    }

    /// As `connections[id]`. A shell whose numbers end in a place that it uses again, lowest 32 bits, gives them out as the table does its
    /// slots: it is nearly always there.
    @inline(__always)
    private func connection(_ id: ConnectionID) -> FrontConnection? {
        let slot = Int(UInt32(truncatingIfNeeded: id.rawValue))
        if slot < connections.slotCount, let connection = connections.value(inSlot: slot), connection.id == id {
            return connection
        }
        return connections[id]
    }

    private mutating func receiveAnything(_ bytes: UnsafeMutableRawBufferPointer, _ connection: FrontConnection) {
        connection.inputWay = nil
        if connection.held.isEmpty {
            let consumed = read(bytes, connection)
            if consumed < bytes.count { connection.held.append(contentsOf: bytes[consumed...]) }
        } else {
            connection.held.append(contentsOf: bytes)
            readHeld(connection)
        }
        // Whoever asks and asks and reads no answer is not served any further.
        if connection.isClient, connection.owedByteCount > Limits.owedBytes {
            fail(connection, Farewell(.slow, "answers to what you say wait unread; resume"))
        }
        connection.inputWay = inputWay(of: connection)
    }

    mutating func readHeld(_ connection: FrontConnection) {
        var held: [UInt8] = []
        swap(&held, &connection.held)
        let consumed = held.withUnsafeMutableBytes { read($0, connection) }
        if consumed < held.count { connection.held.append(contentsOf: held[consumed...]) }
        // What waits for an answer is bounded: nobody needs to say more than this before hello is answered.
        if connection.held.count > Limits.clientFrameBytes + 1024 {
            fail(connection, Farewell(.tooBig, "too much before the handshake was done"))
        }
    }

    /// Reads what it can and says how many bytes that was.
    private mutating func read(_ bytes: UnsafeMutableRawBufferPointer, _ connection: FrontConnection) -> Int {
        var offset = 0
        do throws(Farewell) {
            while offset < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
                switch connection.phase {
                case .opening:
                    guard let phase = try Self.recognise(rest, &offset) else { return offset }
                    connection.phase = phase
                case .http(var reader):
                    let head: HTTPRequestHead?
                    do {
                        head = try reader.next(in: UnsafeRawBufferPointer(bytes), from: &offset)
                    } catch {
                        refuseHTTP(connection, HTTPResponse(error))
                        return bytes.count
                    }
                    connection.phase = .http(reader)
                    guard let head else { return offset }
                    requested(head, connection)
                case .greeting:
                    guard try greeted(rest, &offset, connection) else { return offset }
                case .body(let intake):
                    guard readBody(intake, UnsafeRawBufferPointer(bytes), &offset, connection) else { return offset }
                case .answering, .admitting: return offset
                case .client(.plain(var reader)):
                    offset = bytes.count
                    try reader.receive(
                        rest, { (frame) throws(Farewell) in try take(frame, from: connection) },
                        failed: { Farewell($0) })
                    if connection.isClient { connection.phase = .client(.plain(reader)) }
                case .client(.webSocket(let input)):
                    try readMessages(input, bytes, &offset, connection)
                    // What is left of it is not whole yet.
                    if connection.isClient { return offset }
                case .closing: return bytes.count
                }
            }
        } catch {
            fail(connection, error)
            return bytes.count
        }
        return offset
    }

    /// What a connection speaks; nil while that cannot be told.
    private static func recognise(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int
    ) throws(Farewell) -> FrontConnection.Phase? {
        guard bytes[0] == Preface.bytes[0] else { return .http(HTTPHeadReader()) }
        guard bytes.count >= Preface.bytes.count else { return nil }
        guard bytes.prefix(Preface.bytes.count).elementsEqual(Preface.bytes) else {
            throw Farewell(.protocolError, "neither HTTP nor Switchback's preface")
        }
        offset += Preface.bytes.count
        return .greeting(FrameReader(limit: Limits.clientFrameBytes))
    }

    private mutating func greeted(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ connection: FrontConnection
    ) throws(Farewell) -> Bool {
        var cursor = FrameCursor(bytes, limit: Limits.clientFrameBytes)
        do {
            guard let frame = try cursor.next() else { return false }
            guard frame.kind == .greeting else { throw Farewell(.protocolError, "the first frame is a greeting") }
            let greeting = try frame.decode(Greeting.init(from:))
            guard greeting.commonVersion != nil else {
                throw Farewell(
                    .version,
                    "we speak versions \(ProtocolVersion.lowest) to \(ProtocolVersion.highest), not \(greeting.lowestVersion) to \(greeting.highestVersion)"
                )
            }
            guard greeting.role == .client else {
                throw Farewell(.unproven, "this listener is for clients; nodes have trunks of their own")
            }
        } catch let error as WireError {
            throw Farewell(error)
        } catch let farewell as Farewell {
            throw farewell
        } catch {
            throw Farewell(.failed, "\(error)")
        }
        offset += cursor.consumed
        guard connection.standing == .served else { throw overload() }
        connection.phase = .admitting(.plain(FrameReader(limit: Limits.clientFrameBytes)))
        direct(.admit(connection.id, nil, peer: connection.peer))
        return true
    }

    /// What comes on a WebSocket beside messages of frames.
    mutating func take(_ event: WebSocketEvent, _ connection: FrontConnection) throws(Farewell) {
        switch event {
        case .message(.binary, _):
            throw Farewell(.protocolError, "switchback.json.1 takes text messages")
        case .message(.text, let payload):
            guard connection.format == .text else {
                throw Farewell(.protocolError, "switchback.1 takes binary messages")
            }
            try take(text: payload, from: connection)
        case .ping(let payload):
            WebSocketWriter.pong(payload, to: &connection.raw)
            wantsToWrite(connection)
        case .pong: break
        case .close(let code, _):
            leaveAll(connection, .connectionLost)
            connection.closeCode = code ?? 1000
            end(connection)
        }
    }

    // MARK: Admission

    /// The application lets the client in, with what it says of it.
    package mutating func admitted(_ id: ConnectionID, claims: [Claim], now: Instant) {
        self.now = now
        guard let connection = connections[id], case .admitting(let pending) = connection.phase else { return }
        connection.claims = claims
        switch pending {
        case .plain(let reader):
            connection.phase = .client(.plain(reader))
            connection.format = .plain
        case .webSocket(let accept, let format):
            connection.raw.raw(accept)
            connection.phase = .client(.webSocket(WebSocketInput(messageBytes: settings.messageBytes)))
            connection.format = format
            wantsToWrite(connection)
        }
        if !connection.held.isEmpty { readHeld(connection) }
    }

    /// The application does not let the client in.
    package mutating func turnedAway(_ id: ConnectionID, _ reason: String, now: Instant) {
        self.now = now
        guard let connection = connections[id], case .admitting(let pending) = connection.phase else { return }
        counters.closed[.refused, default: 0] += 1
        switch pending {
        case .plain: fail(connection, Farewell(.refused, reason))
        case .webSocket: refuseHTTP(connection, HTTPResponse(status: 403, text: reason + "\n"))
        }
    }

    // MARK: Ends

    /// The connection counts as somebody's.
    mutating func proven(_ connection: FrontConnection) {
        guard !connection.isProven else { return }
        connection.isProven = true
        unprovenCount -= 1
        unprovenOf[connection.peer]! -= 1
        if unprovenOf[connection.peer] == 0 { unprovenOf[connection.peer] = nil }
    }

    /// Ends a connection for what came on it: the peer is told, the operator can count it, nobody else notices.
    mutating func fail(_ connection: FrontConnection, _ farewell: Farewell) {
        guard !connection.isClosing else { return }
        counters.closed[farewell.code, default: 0] += 1
        leaveAll(connection, .connectionLost)
        connection.farewell = farewell
        end(connection)
    }

    /// Closes behind what is written.
    mutating func end(_ connection: FrontConnection) {
        if case .client(.plain) = connection.phase { connection.saysBye = true }
        if case .client(.webSocket) = connection.phase { connection.saysBye = true }
        if case .greeting = connection.phase { connection.saysBye = true }
        if case .admitting(.plain) = connection.phase { connection.saysBye = true }
        connection.phase = .closing
        wantsToWrite(connection)
    }

    /// Ends every client with a code, so that they come again elsewhere.
    package mutating func stop(_ farewell: Farewell, now: Instant) {
        self.now = now
        isDraining = true
        for id in connections.keys.sorted() {
            guard let connection = connections[id], !connection.isClosing else { continue }
            leaveAll(connection, .connectionLost)
            connection.farewell = farewell
            end(connection)
        }
        // Who is not let in yet has nothing to say goodbye to.
        for id in trunks.keys.sorted() where trunks[id]!.isOpen {
            trunks[id]!.output.frame(.bye) { Bye(farewell).encode(into: &$0) }
        }
    }

    /// Once a second: who is late with a handshake, a pong, or with reading. Many connections are looked at in several turns.
    mutating func sweep() {
        arrivals.forget(now: now)
        // Answers may wait in our own kernel if it was us who slept.
        if let sweepAt, now.since(sweepAt) >= Limits.asleep { giveTimeAgain() }
        sweepTrunks()
        sweepLinks()
        sweepSlot = 0
        sweepSome()
        let isQuiet = connections.isEmpty && trunks.isEmpty && linkOf.isEmpty && arrivals.isEmpty
        sweepAt = isQuiet ? nil : now + Limits.sweepPeriod
    }

    /// Goes on with the look at all connections.
    mutating func sweepSome() {
        guard let first = sweepSlot else { return }
        let end = min(first + Limits.sweptPerTurn, connections.slotCount)
        sweepSlot = end < connections.slotCount ? end : nil
        if sweepSlot != nil { armTurn() }
        for slot in first..<max(first, end) {
            if let connection = connections.value(inSlot: slot) { sweep(connection) }
        }
    }

    /// Whoever has been asked has the time for an answer once more.
    private mutating func giveTimeAgain() {
        for connection in connections.values where connection.pingedAt != nil { connection.pingedAt = now }
        for trunk in trunkOrder where trunk.pingedAt != nil { trunk.pingedAt = now }
    }

    private mutating func sweep(_ connection: FrontConnection) {
        if let since = connection.blockedSince, now.since(since) >= settings.slowClient, !connection.isClosing {
            counters.closed[.slow, default: 0] += 1
            leaveAll(connection, .connectionLost)
            connection.phase = .closing
            direct(.close(connection.id))
            return
        }
        switch connection.phase {
        case .closing:
            // What is to be said last waits behind what the peer does not take.
            if let since = connection.blockedSince, now.since(since) >= Limits.pongWait {
                direct(.close(connection.id))
            }
        case .client where connection.stay != nil:
            sweepRevocations(connection)
            if let pingedAt = connection.pingedAt {
                let wait = settings.pingPeriod / 2
                if now.since(pingedAt) >= wait, connection.stalledLinks.isEmpty, !connection.isBlocked {
                    fail(connection, Farewell(.timedOut, "no answer to a ping within \(wait / .seconds(1)) s"))
                }
            } else if now.since(connection.heardAt) >= settings.pingPeriod {
                connection.pingedAt = now
                if connection.format == .plain {
                    connection.head.frame(.ping) { $0.u64(now.nanoseconds) }
                } else {
                    withUnsafeBytes(of: now.nanoseconds) { WebSocketWriter.ping($0, to: &connection.raw) }
                }
                wantsToWrite(connection)
            }
        case .http where connection.answerCount > 0:
            guard now.since(connection.beganAt) >= settings.http.keptTime else { return }
            end(connection)
        case .opening, .http, .greeting, .admitting, .client:
            guard now.since(connection.beganAt) >= Limits.handshake else { return }
            fail(connection, Farewell(.timedOut, "the handshake did not finish in 5 s"))
        case .body(let intake): sweepBody(intake, connection)
        case .answering: sweepAnswer(connection)
        }
    }
}
