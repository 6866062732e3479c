import State

/// All that one client decides: one session over one connection after the other, the channels it reads and the one it writes to.
///
/// The shell tells it what happened on its socket and what time it is, calls `tick` when `nextDeadline` has come, and pulls
/// directives until there are none. It reads no clock and rolls no dice but those it was given. The extensions
/// `ClientCore+*.swift` hold the connection and the channels.
package struct ClientCore {
    /// What the shell is to do.
    package enum Directive {
        /// Open a socket; then say `connected` or `disconnected` with this number.
        case connect(TryNumber)
        case send(TryNumber, [UInt8])
        /// Close behind what was sent. Nothing that still comes is wanted.
        case close(TryNumber)
        case tell(ClientEvent)
    }

    /// idle → connecting → greeting → welcomed → waiting → connecting …; any → stopped, from which `start` leads on.
    enum Phase {
        case idle
        case connecting(TryNumber, since: Instant)
        /// The socket stands; the welcome has not come.
        case greeting(ClientConnection)
        case welcomed(ClientConnection)
        case waiting(until: Instant)
        case stopped(Farewell)
    }

    let settings: ClientSettings
    /// The session's id; nil before the first welcome.
    package internal(set) var session: SessionID?
    /// What another client needs to go on with this session, together with `attach`.
    package internal(set) var token: [UInt8]
    /// The number of the newest attach.
    package internal(set) var attach: AttachNumber
    /// The channels, in the order in which they were asked for.
    package internal(set) var rooms: [ClientRoom] = []
    /// The channel that this session wants to write to.
    package internal(set) var writer: String?
    /// What the rules are given with that wish.
    var writerOptions: [UInt8] = []
    /// The last grant whose inputs were given up: what is still said of it is about them, and not about those that came since.
    var abandonedGrant: GrantID?
    var tally = ClientCounters()
    var phase = Phase.idle
    var dice: Dice
    var now = Instant(nanoseconds: 0)
    /// Tries since the last connection that lasted.
    var retryCount = 0
    var directives: [Directive] = []
    private var lastTry = TryNumber(rawValue: 0)
    private var lastTicket = InputTicket(rawValue: 0)

    package init(settings: ClientSettings, seed: UInt64) {
        self.settings = settings
        token = settings.token
        attach = settings.attach
        dice = Dice(seed: seed)
    }

    // MARK: What is

    /// When `tick` is to be called next.
    package var nextDeadline: Instant? {
        var next: Instant?
        switch phase {
        case .idle, .stopped: return nil
        case .connecting(_, let since): next = since + ClientLimits.handshake
        case .greeting(let connection): next = connection.since + ClientLimits.handshake
        case .welcomed(let connection): next = connection.pingDeadline(settings.pingPeriod)
        case .waiting(let until): next = until
        }
        for room in rooms {
            if case .retrying(let at) = room.phase, next.map({ at < $0 }) ?? true { next = at }
            if let at = room.withdrawalDeadline, next.map({ at < $0 }) ?? true { next = at }
        }
        return next
    }

    package var isConnected: Bool { if case .welcomed = phase { true } else { false } }
    package var isStopped: Bool { if case .stopped = phase { true } else { false } }

    package var counters: ClientCounters {
        var counters = tally
        for room in rooms { counters.inputsResent += room.queue.resentCount }
        return counters
    }

    package func room(_ channel: String) -> ClientRoom? { rooms.first { $0.channel == channel } }

    // MARK: What happened

    /// The socket of this try stands.
    package mutating func connected(_ number: TryNumber, now: Instant) {
        self.now = now
        guard case .connecting(number, let since) = phase else { return }
        tally.connections += 1
        let conduit = ClientConduit(settings.transport, dice: Dice(seed: dice.next()))
        let connection = ClientConnection(number: number, conduit: conduit, since: since, now: now)
        phase = .greeting(connection)
        if conduit.isOpenFromTheStart { sayHello(connection) }
    }

    /// The socket of this try is gone, or never came to be.
    package mutating func disconnected(_ number: TryNumber, now: Instant) {
        self.now = now
        guard number == currentTry else { return }
        lost(Farewell(.goingAway, "the connection was lost"))
    }

    /// Bytes came. WebSocket payloads are read where they lie, so the memory must be the caller's to change.
    package mutating func receive(_ bytes: UnsafeMutableRawBufferPointer, on number: TryNumber, now: Instant) {
        self.now = now
        guard let connection, connection.number == number else { return }
        tally.bytesIn += UInt64(bytes.count)
        connection.heardAt = now
        do throws(Farewell) {
            try connection.conduit.receive(bytes) { (arrival) throws(Farewell) in
                // What stands behind a goodbye is nobody's any more.
                guard self.connection === connection else { return }
                switch arrival {
                case .opened: sayHello(connection)
                case .frame(let frame): try take(frame, connection)
                }
            }
        } catch {
            guard self.connection === connection else { return }
            failed(error)
        }
    }

    /// The clock moved on. Called at `nextDeadline`, and whenever the shell likes.
    package mutating func tick(now: Instant) {
        self.now = now
        switch phase {
        case .idle, .stopped: return
        case .connecting(_, let since):
            if now >= since + ClientLimits.handshake { lost(Farewell(.timedOut, "nobody answered in time")) }
        case .greeting(let connection):
            if now >= connection.since + ClientLimits.handshake { fail(Farewell(.timedOut, "no welcome in time")) }
        case .welcomed(let connection): ping(connection)
        case .waiting(let until): if now >= until { connect() }
        }
        retryRooms()
        endWithdrawals()
    }

    // MARK: What we want

    /// Connects, and stays connected. Also after it was stopped, but for a goodbye of our own.
    package mutating func start(now: Instant) {
        self.now = now
        switch phase {
        case .idle, .stopped: connect()
        case .connecting, .greeting, .welcomed, .waiting: return
        }
    }

    /// Reads a channel. One that is read already goes on; one that was given up is asked for again.
    package mutating func read(_ channel: String, options: [UInt8] = [], now: Instant) throws(Farewell) {
        self.now = now
        if let place = place(of: channel) {
            guard rooms[place].isGone else { return }
            rooms[place].phase = .unread
            ask(place)
            return
        }
        do { _ = try ChannelID(channel) } catch { throw Farewell(.unknownChannel, "\(error)") }
        guard rooms.count < Limits.readsPerSession else {
            throw Farewell(.overloaded, "a session reads at most \(Limits.readsPerSession) channels")
        }
        guard options.count <= Limits.optionsBytes else {
            throw Farewell(.tooBig, "options have at most \(Limits.optionsBytes) bytes")
        }
        rooms.append(ClientRoom(channel: channel, options: options, undecided: settings.undecided))
        ask(rooms.count - 1)
    }

    /// Stops reading a channel. Its inputs without an outcome are undecided.
    package mutating func unread(_ channel: String, now: Instant) {
        self.now = now
        guard let place = place(of: channel) else { return }
        if writer == channel { writer = nil }
        endInputs(place, "the channel is no longer read")
        rooms.remove(at: place)
        say(.unread) { $0.text(channel) }
    }

    /// Moves the write grant to a channel, or gives it back. A channel that is not read comes to be read. The rules of both
    /// channels are given the options.
    package mutating func write(_ channel: String?, options: [UInt8] = [], now: Instant) throws(Farewell) {
        self.now = now
        guard writer != channel else { return }
        guard options.count <= Limits.optionsBytes else {
            throw Farewell(.tooBig, "options have at most \(Limits.optionsBytes) bytes")
        }
        if let channel { try read(channel, now: now) }
        if let writer, let place = place(of: writer) {
            rooms[place].queue.withdraw("the write grant moved")
            rooms[place].withdrawnAt = now
            tellOutcomes(place)
        }
        if let channel, let place = place(of: channel) { rooms[place].withdrawnAt = nil }
        writer = channel
        writerOptions = options
        sayWish()
    }

    /// Says which channel the session wants to write to.
    mutating func sayWish() {
        let wish = ClientWish(channel: writer ?? "", options: writerOptions)
        say(.write) { wish.encode(into: &$0) }
    }

    /// Takes an input for the channel that is written to.
    package mutating func send(
        _ bytes: [UInt8], to channel: String, pace: InputPace = .batched, now: Instant
    ) -> InputOffer {
        self.now = now
        guard writer == channel, let place = place(of: channel) else { return .refused("'\(channel)' is only read") }
        guard !isStopped, !rooms[place].isGone else { return .refused("nobody is there to take it") }
        lastTicket = lastTicket.next
        let offer = rooms[place].queue.offer(bytes, ticket: lastTicket)
        if case .queued = offer {
            tally.inputs += 1
            if pace == .immediate { rooms[place].isUrgent = true }
        }
        return offer
    }

    /// Says something beside the inputs to channels that are read, or to all of them (an empty list). False if nobody is there to
    /// take it: it is not kept.
    package mutating func say(_ data: [UInt8], to channels: [String], now: Instant) -> Bool {
        self.now = now
        guard case .welcomed(let connection) = phase, data.count <= Limits.messageBytes,
            channels.count <= Limits.readsPerSession,
            channels.allSatisfy({ place(of: $0) != nil })
        else { return false }
        // Inputs that were taken before it stand before it.
        sendInputs(connection)
        let said = ClientSaid(channels: channels, data: data)
        say(.say) { said.encode(into: &$0) }
        return true
    }

    /// Says goodbye: the session ends, and so does everything that it had under way.
    package mutating func close(now: Instant) {
        self.now = now
        stop(Farewell(.done, "goodbye"), saying: Farewell(.done, ""))
        token = []
    }

    // MARK: What to do

    package mutating func nextDirective() -> Directive? {
        if let connection, case .welcomed = phase { sendInputs(connection) }
        if !directives.isEmpty { return directives.removeFirst() }
        guard let connection, let bytes = connection.conduit.takeOutput() else { return nil }
        tally.bytesOut += UInt64(bytes.count)
        return .send(connection.number, bytes)
    }

    // MARK: -

    var connection: ClientConnection? {
        switch phase {
        case .greeting(let connection), .welcomed(let connection): connection
        case .idle, .connecting, .waiting, .stopped: nil
        }
    }

    /// The try that is under way or stands.
    package var currentTry: TryNumber? {
        if case .connecting(let number, _) = phase { number } else { connection?.number }
    }

    func place(of channel: String) -> Int? { rooms.firstIndex { $0.channel == channel } }

    mutating func tell(_ event: ClientEvent) { directives.append(.tell(event)) }

    mutating func connect() {
        lastTry = lastTry.next
        phase = .connecting(lastTry, since: now)
        tell(.status(.connecting))
        directives.append(.connect(lastTry))
    }

    /// Says something if hello was said on a connection that stands.
    mutating func say(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        guard let connection, connection.hasSaidHello else { return }
        connection.conduit.say(kind, body)
    }
}
