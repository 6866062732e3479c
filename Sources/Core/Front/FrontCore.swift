import State

/// All that a front process decides: who is let in, which links it holds, what goes to the backs and what each client is owed.
///
/// The shell moves bytes and tells the time; it pulls directives until there are none. What a client is owed is not queued: it is
/// noted as positions, and made into parts of shared buffers at the moment the client's socket takes them, so a slow client costs
/// nothing but being behind. The extensions `FrontCore+*.swift` hold connections, clients, links, trunks and output.
package struct FrontCore {
    /// What the shell is to do.
    package enum Directive {
        /// Close behind what was written.
        case close(ConnectionID)
        case pauseReading(ConnectionID)
        case resumeReading(ConnectionID)
        /// Ask the application who this is, then call `admitted` or `turnedAway`.
        case admit(ConnectionID, HTTPRequestHead?, peer: String)
        /// Answer a plain HTTP request, whose body `takeBody` gives, then call `answer`.
        case http(ConnectionID, HTTPRequestHead)
        case connect(TrunkID, address: String)
        case send(TrunkID, [UInt8])
        case closeTrunk(TrunkID)
        /// Something that a program in this process watches has moved on.
        case observed(ChannelID, Observation)
    }

    /// What an observer of a link is told.
    package enum Observation {
        case linked(data: [UInt8])
        case advanced
        case message([UInt8])
        case unlinked(Farewell)
    }

    package struct Settings: Sendable {
        package var name: String
        package var incarnation: Incarnation
        package var key: ClusterKey
        /// Wall clock minus the monotonic clock, in seconds: tokens expire by the calendar.
        package var unixSecondsAtZero: UInt64
        /// How long inputs wait for company before they leave for their back, unless there were none for so long.
        package var flushInterval: Duration = .milliseconds(1)
        package var tokenLifetime: Duration = .seconds(7 * 24 * 3600)
        /// Origins that browsers may come from beside the front's own, as `https://example.org`.
        package var allowedOrigins: [String]?
        /// Other nodes of the cluster, who may ask for jobs over HTTP.
        package var nodes: [String] = []
        /// What is taken of HTTP requests. A front whose application takes no bodies sets their limit to 0.
        package var http = HTTPLimits()
        package var connectionLimit = Limits.connectionsPerFront
        /// The longest WebSocket message from a client, its fragments added up. A frame in it is never longer than
        /// `Limits.clientFrameBytes`.
        package var messageBytes = Limits.clientFrameBytes
        /// How much is written in one turn of the loop, and how long the next one waits: a moment, so that whatever else is due comes
        /// between two.
        package var writeBytesPerTurn = Limits.writeBytesPerTurn
        package var turnPause: Duration = .microseconds(1)
        /// How long a client may be silent before it is asked; it has half of that to answer.
        package var pingPeriod = Limits.pingPeriod
        /// How long a client's kernel may take no byte of what waits for it.
        package var slowClient = Limits.slowClient

        package init(name: String, incarnation: Incarnation, key: ClusterKey, unixSecondsAtZero: UInt64) {
            self.name = name
            self.incarnation = incarnation
            self.key = key
            self.unixSecondsAtZero = unixSecondsAtZero
        }
    }

    package let settings: Settings
    package internal(set) var counters = FrontCounters()
    /// Where other nodes ask for jobs.
    package internal(set) var gate: NodeGate
    package internal(set) var directory = ChannelDirectory()
    /// Whether anybody has said yet which backs there are.
    var hasDirectory = false
    /// Histogram and status want to know.
    package var connectionCount: Int { connections.count }

    var dice: Dice
    var now = Instant(nanoseconds: 0)
    var connections = NumberTable<ConnectionID, FrontConnection>()
    /// Bytes of request bodies that connections hold.
    package internal(set) var bodyByteCount = 0
    var unprovenOf: [String: Int] = [:]
    var unprovenCount = 0
    var arrivals = ArrivalRates()
    var links: [FrontLink?] = []
    var linkOf: [ChannelID: Int] = [:]
    var lastLinkNumber = LinkNumber(rawValue: 0)
    var trunks: [TrunkID: FrontTrunk] = [:]
    /// The same, ascending: what is asked for output after every read.
    var trunkOrder: [FrontTrunk] = []
    var trunkOf: [String: TrunkID] = [:]
    var lastTrunk = TrunkID(rawValue: 0)
    /// The highest epoch seen of each back, from itself or in the directory: lower ones are refused.
    var highestEpoch: [String: Epoch] = [:]
    /// The highest term of a hub that told us of backs.
    var highestTerm: UInt32 = 0
    var reconnects: [String: (at: Instant, backoff: Backoff)] = [:]
    var directives: [Directive] = []
    var nextDirectiveIndex = 0
    /// Connections that are owed something of their own.
    var writers = Line<FrontConnection>()
    /// Readers who stand at the same place, and those of them that are owed something.
    var cohorts: [Cohort.Key: [Cohort]] = [:]
    var owedCohorts = Line<Cohort>()
    /// Connections that wait for a turn with room for the state that they are owed.
    var joiners = Line<FrontConnection>()
    /// Links with a squash under way.
    var squashing = Line<Int>()
    /// What is left of this turn's room for writes, and of that for state from nothing.
    var writeRoom: Int
    var turnByteCount = Limits.joinBytesPerTurn
    /// When the next turn is to begin, if anything waits for it.
    var turnAt: Instant?
    var batchedLinks: [Int] = []
    /// Ways that inputs took in an era before this one are good no more.
    var inputEra: UInt64 = 0
    var flushAt: Instant?
    var flushedAt = Instant(nanoseconds: 0)
    /// How many inputs that flush was the end of, and how many there had been in all.
    var flushedCount: UInt64 = 0
    var inputsAtFlush: UInt64 = 0
    var sweepAt: Instant?
    /// How far a look at all connections has come; nil while there is none.
    var sweepSlot: Int?
    var isDraining = false
    /// How far the front is with moving its clients elsewhere; nil while it is not asked to.
    package var drain: FrontDrain?
    /// What was made last for a connection of its own.
    var parts = GatherParts()
    /// The same as the shell gets it.
    var pointers: [UnsafeRawBufferPointer] = []
    /// One message, while it is put together.
    var scratch = ByteWriter()
    /// The sections of one reader, while they are put together.
    var composed: [History.Entry] = []

    package init(settings: Settings, seed: UInt64) {
        self.settings = settings
        writeRoom = settings.writeBytesPerTurn
        gate = NodeGate(nodes: settings.nodes, key: settings.key)
        dice = Dice(seed: seed)
    }

    // MARK: What is

    /// When `tick` is to be called next.
    package var nextDeadline: Instant? {
        guard let flushAt else { return nextDeadlineButFlush }
        return nextDeadlineButFlush.map { min($0, flushAt) } ?? flushAt
    }

    private var nextDeadlineButFlush: Instant? {
        var next = sweepAt
        if let turnAt, next.map({ turnAt < $0 }) ?? true { next = turnAt }
        if let wakeAt = drain?.wakeAt, next.map({ wakeAt < $0 }) ?? true { next = wakeAt }
        // A trunk that is being made has its own time; its back's next try would be due all the while.
        for (back, reconnect) in reconnects where trunkOf[back] == nil {
            if next.map({ reconnect.at < $0 }) ?? true { next = reconnect.at }
        }
        return next
    }

    package var sessionCount: Int { connections.values.reduce(0) { $0 + ($1.stay == nil ? 0 : 1) } }
    package var linkCount: Int { linkOf.count }

    /// The newest state of a channel that is linked: its lineage, version, schema and canonical patch from nothing.
    package mutating func encodedState(of channel: ChannelID) -> EncodedState? {
        guard let index = linkOf[channel], let link = links[index], let history = link.history else { return nil }
        return EncodedState(history, of: link)
    }

    /// As `nextDeadline`, for a shell that holds the core in a place of its own: asking copies nothing.
    package mutating func deadline() -> Instant? { nextDeadline }

    /// As `deadline`, for a shell that looks at `flushDeadline` whenever it has done all that there was to do.
    package mutating func deadlineButFlush() -> Instant? { nextDeadlineButFlush }

    /// When inputs that wait for company leave: `tick` is to be called then. Until then more of them need not be looked at.
    package mutating func flushDeadline() -> Instant? { flushAt }

    /// Whether work waits for the next turn of the loop.
    package mutating func wantsTurn() -> Bool { turnAt != nil }

    // MARK: What happened

    /// The clock moved on. Called at `nextDeadline`, and whenever the shell likes.
    package mutating func tick(now: Instant) {
        self.now = now
        if let flushAt, flushAt <= now { flushBatches() }
        if !reconnects.isEmpty { reconnect() }
        if let sweepAt, sweepAt <= now { sweep() }
        stepDrain()
        if let turnAt, turnAt <= now { beginTurn() }
    }

    private mutating func reconnect() {
        for back in reconnects.keys.sorted() where reconnects[back]!.at <= now { connectTrunk(to: back) }
    }

    /// The hub says which backs there are. False if its reign is over: it is counted, and nothing changes.
    package mutating func directoryChanged(_ message: DirectoryMessage, now: Instant) -> Bool {
        guard message.term >= highestTerm else {
            counters.staleEpochs += 1
            return false
        }
        highestTerm = message.term
        directoryChanged(message.directory, now: now)
        return true
    }

    /// The backs are these now.
    package mutating func directoryChanged(_ directory: ChannelDirectory, now: Instant) {
        self.now = now
        self.directory = directory
        hasDirectory = true
        for entry in directory.backs {
            highestEpoch[entry.name] = max(highestEpoch[entry.name] ?? entry.epoch, entry.epoch)
        }
        reconcileTrunks()
        rerouteLinks()
    }

    // MARK: What to do

    /// Pulled until it is nil; then the shell calls `writeOwed` if `owesAnything`, which may make more.
    package mutating func nextDirective() -> Directive? {
        if nextDirectiveIndex < directives.count {
            defer { nextDirectiveIndex += 1 }
            return directives[nextDirectiveIndex]
        }
        directives.removeAll(keepingCapacity: true)
        nextDirectiveIndex = 0
        return nextTrunkOutput()
    }

    mutating func direct(_ directive: Directive) { directives.append(directive) }

    func unixSeconds(_ now: Instant) -> UInt64 { settings.unixSecondsAtZero + now.nanoseconds / 1_000_000_000 }

    mutating func armSweep() {
        if sweepAt == nil { sweepAt = now + Limits.sweepPeriod }
    }
}

/// A channel's state as bytes, for a program that forwards it without decoding it.
package struct EncodedState: Sendable {
    package let lineage: Lineage
    /// Of the back that acts for the channel.
    package let epoch: Epoch
    package let version: Version
    package let tick: TickNumber
    package let schemaBytes: [UInt8]
    /// A canonical patch from nothing.
    package let patch: [UInt8]

    init(_ history: History, of link: FrontLink) {
        lineage = history.lineage
        epoch = link.epoch
        // What changed since changed for others than everyone.
        version = max(history.version, link.version)
        tick = max(history.tick, link.tick)
        schemaBytes = history.schemaBytes
        patch = history.wholePatch
    }
}
