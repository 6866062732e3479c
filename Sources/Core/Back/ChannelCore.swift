import State

/// One back channel: it owns a state, takes what happened into an inbox, and at each tick runs the application's rule over it.
///
/// Between ticks nothing changes but the inbox. One tick is `begin` → the rule's `step` (which pulls `Tick.next`) → `commit`,
/// which closes the patch and writes to each trunk what its links are owed. The extensions in `ChannelCore+*.swift` hold the
/// steps: events, sessions, and the commit.
final class ChannelCore {
    let id: ChannelID
    let lineage: Lineage
    var settings: ChannelSettings
    private(set) var version: Version
    private(set) var tick = TickNumber(rawValue: 0)

    var inbox = Inbox()
    var sessions = SessionTable()
    var links: [LinkKey: BackLink] = [:]
    /// Links in the order in which they came: what is iterated.
    var linkOrder: [LinkKey] = []
    var counters = BackCounters()
    var dice: Dice
    /// Where this process writes what it is doing; nil without a hub.
    @exclusivity(unchecked) var ring: TickRing?
    /// Inputs that ended the application before, and sessions whose stay ends with the next tick because they sent one.
    var poison: [PoisonedInput] = []
    var condemned: [SessionID] = []

    /// Who is connected to this process, and what the tick in progress says to others than its links.
    var roster = FrontRoster()
    var outside = OutsideQueue()
    /// Jobs that the hub has not answered yet, and whether there is a hub at all.
    var outbox = JobOutbox()
    var hasHub = true

    private(set) var state: State
    private(set) var processor: any Processor
    /// When the channel came to have no link, no session and nothing in its outbox.
    private(set) var idleSince: Instant?

    /// The tick in progress; see `ChannelCore+Events.swift`. Asked for with every event; nothing holds on to it meanwhile.
    @exclusivity(unchecked) var reading = EventReading()
    /// Inputs that are the application's next events.
    let ready = ReadyInputs()
    var carried = Inbox()
    /// Events that follow from the one before.
    var pendingEvents: [Event] = []
    /// Of each audience that has changed.
    var audienceMemory: [AudienceNumber: AudienceMemory] = [:]
    /// Sessions that went in the tick in progress.
    var departed: [SessionID] = []
    /// Slots of sessions that are owed an ack; kept while their trunk is congested.
    var ackDue: [Int] = []
    var now: Instant
    /// When the first detached session may expire.
    var nextExpiry: Instant?

    /// - Parameter older: its first version is above this one.
    init(
        id: ChannelID, type: any Processor.Type, settings: ChannelSettings, dice: Dice, after older: Version = .nothing,
        now: Instant
    ) throws(SchemaError) {
        var dice = dice
        self.id = id
        self.settings = settings
        self.now = now
        lineage = Lineage(rawValue: dice.next())
        self.dice = dice
        var state = State()
        processor = type.init(&state)
        if let problem = state.problem { throw problem }
        _ = state.closeAudiences()
        self.state = state
        version = older.next
        idleSince = now
    }

    /// Whether a tick at the next slot would do anything.
    var wantsTick: Bool {
        !inbox.isEmpty || !linkOrder.isEmpty || settings.idle == .step
    }

    /// When a tick is due although nothing happens: a session expires, or the channel has been idle for long.
    var idleDeadline: Instant? {
        var next = nextExpiry
        if let idleSince, let closesAfter = settings.closesAfter, inbox.isEmpty, outbox.isEmpty, settings.idle == .pause
        {
            let closing = idleSince + closesAfter
            if next.map({ closing < $0 }) ?? true { next = closing }
        }
        return next
    }

    /// Whether the channel has been idle for so long that it closes, its state with it.
    func isForgotten(_ now: Instant) -> Bool {
        guard let idleSince, let closesAfter = settings.closesAfter, settings.idle == .pause, inbox.isEmpty,
            outbox.isEmpty
        else { return false }
        return now.since(idleSince) >= closesAfter
    }

    /// Runs one tick. What it says goes to the outputs of the trunks.
    func run(now: Instant, outputs: inout TrunkOutputs) {
        self.now = now
        tick = tick.next
        counters.ticks += 1
        expireSessions()
        begin()
        ring?.tickBegan(tick, of: id, eventCount: reading.inbox.entries.count)
        if !condemned.isEmpty { dismissCondemned() }
        step()
        inbox.prepend(carried)
        carried = Inbox()
        commit(&outputs)
        ring?.tickEnded()
        idleSince = linkOrder.isEmpty && sessions.count == 0 && outbox.isEmpty ? idleSince ?? now : nil
    }

    private func step() {
        var view = Tick(self)
        processor.step(&view)
        view.readTheRest()
    }

    /// Closes the state: moves the shadow and the version, in this one place. Empty if nothing changed.
    func closeAudiences() -> [ClosedAudience] {
        let changes = state.closeAudiences()
        guard !changes.isEmpty else { return [] }
        version = version.next
        let run = settings.hashPeriod > 0 ? version.rawValue / UInt64(settings.hashPeriod) : 0
        return changes.map { change in
            counters.patches += 1
            counters.patchBytes += UInt64(change.patch.count)
            let number = AudienceNumber(rawValue: change.audience.wireNumber)
            var memory = audienceMemory[number] ?? AudienceMemory()
            let base = memory.changedAt
            // With its first change in each run of versions an audience tells its hash: whoever holds it can compare.
            let isHashDue = run > memory.hashRun
            memory.changedAt = version
            memory.hashRun = run
            audienceMemory[number] = memory
            return ClosedAudience(
                audience: number, base: base, patch: change.patch, hash: isHashDue ? change.hash.rawValue : nil)
        }
    }

    /// The closed rows of an audience as a canonical patch from nothing.
    func snapshot(of audience: Audience = .everyone) -> [UInt8] { state.snapshot(of: audience) }
    var schemaBytes: [UInt8] { state.schemaBytes }
}
