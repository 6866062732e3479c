import State

/// All that a back process decides: its trunks, its channels, and when they tick.
///
/// The shell tells it what happened on its sockets and what time it is, runs `tick` when `nextDeadline` has come, and pulls
/// directives until there are none. It reads no clock and rolls no dice but those it was given.
package struct BackCore {
    /// What the shell is to do.
    package enum Directive {
        case send(TrunkID, [UInt8])
        case close(TrunkID, Farewell)
        /// Say it to the hub.
        case job(JobMessage)
    }

    package struct Identity: Sendable {
        package var name: String
        package var incarnation: Incarnation
        package var epoch: Epoch
        package var key: ClusterKey

        package init(name: String, incarnation: Incarnation, epoch: Epoch, key: ClusterKey) {
            self.name = name
            self.incarnation = incarnation
            self.epoch = epoch
            self.key = key
        }
    }

    package let identity: Identity
    let families: [ChannelFamily]
    /// What every front is told when it connects.
    let options: [UInt8]
    var dice: Dice
    /// Where this process writes what it is doing, and the inputs that it refuses because they ended it before. Set before
    /// the first channel is made.
    package var ring: TickRing?
    package var poison: [PoisonedInput] = []
    /// Whether there is a hub that takes jobs, there or away. Set before the first channel is made.
    package var hasHub = true
    var jobs = JobLine()
    var trunks: [TrunkID: BackTrunk] = [:]
    let roster = FrontRoster()
    /// When trunks are looked at next; nil while there are none.
    var sweepAt: Instant?
    var outputs = TrunkOutputs()
    /// What a trunk is told before it closes.
    var lastWords: [(TrunkID, [UInt8])] = []
    var closing: [(TrunkID, Farewell)] = []
    var channels: [ChannelID: ChannelRun] = [:]
    var closedCounters = BackCounters()
    /// The highest version that a channel had when it closed. One that is made anew goes on above it: what was built of it under
    /// this epoch is older, whatever its lineage was.
    private var closedVersion = Version.nothing
    /// The first of those that nobody has taken yet.
    var disagreements: [(channel: String, Disagreed)] = []

    /// A channel and its next slot on the grid.
    struct ChannelRun {
        let core: ChannelCore
        var slot: Instant?

        func isDue(_ now: Instant) -> Bool {
            if let slot, slot <= now { return true }
            return core.idleDeadline.map { $0 <= now } ?? false
        }
    }

    package init(identity: Identity, families: [ChannelFamily], options: [UInt8] = [], seed: UInt64) {
        self.identity = identity
        self.families = families
        self.options = options
        dice = Dice(seed: seed)
    }

    // MARK: What is

    /// When `tick` is to be called next; nil if nothing waits for the clock.
    package var nextDeadline: Instant? {
        var next = jobs.retryAt
        for run in channels.values {
            for deadline in [run.slot, run.core.idleDeadline] {
                if let deadline, next.map({ deadline < $0 }) ?? true { next = deadline }
            }
        }
        for trunk in trunks.values {
            if case .opening(_, _, let since) = trunk.phase {
                let deadline = since + Limits.handshake
                if next.map({ deadline < $0 }) ?? true { next = deadline }
            }
        }
        if let sweepAt, next.map({ sweepAt < $0 }) ?? true { next = sweepAt }
        return next
    }

    /// As `nextDeadline`, for a shell that holds the core in a place of its own: asking copies nothing.
    package mutating func deadline() -> Instant? { nextDeadline }

    package var trunkCount: Int { trunks.count }

    package var counters: BackCounters {
        channels.values.reduce(into: closedCounters) { $0.add($1.core.counters) }
    }

    func run(_ channel: String) -> ChannelRun? {
        do { return channels[try ChannelID(channel)] } catch { return nil }
    }

    // MARK: What happened

    /// Runs whatever is due. Each call runs at most one channel, so that the shell can time it; call until it answers nil.
    package mutating func tick(now: Instant) -> String? {
        jobs.timePassed(now: now)
        for id in trunks.keys.sorted() {
            if case .opening(_, _, let since)? = trunks[id]?.phase, now.since(since) >= Limits.handshake {
                end(id, Farewell(.timedOut, "the handshake did not finish in 5 s"), now: now)
            }
        }
        sweepTrunks(now: now)
        guard let due = channels.filter({ $0.value.isDue(now) }).keys.min() else { return nil }
        runTick(of: due, now: now)
        return due.text
    }

    // MARK: What we want

    /// Makes a channel that no front has asked for yet.
    package mutating func openChannel(_ id: ChannelID, now: Instant) throws(Farewell) { _ = try channel(id, now: now) }

    /// Runs one tick of a channel by hand. False if there is no such channel.
    package mutating func tickByHand(_ id: String, now: Instant) -> Bool {
        guard let run = run(id) else { return false }
        let rate = run.core.settings.rate
        run.core.run(now: now, outputs: &outputs)
        takeJobs(of: run.core)
        // The rule may have set another rate, or asked for the clock to go on.
        if run.core.settings.rate != rate || run.slot == nil { reschedule(run.core, now: now) }
        return true
    }

    package mutating func setRate(_ rate: Rate, of id: String, now: Instant) -> Bool {
        guard let run = run(id) else { return false }
        run.core.settings.rate = rate
        reschedule(run.core, now: now)
        return true
    }

    private mutating func reschedule(_ core: ChannelCore, now: Instant) {
        channels[core.id]?.slot = core.wantsTick ? core.settings.rate.slot(after: now) : nil
    }

    /// What clients held that was not what they were told, since the last call: the first sixteen, for the log.
    package mutating func takeDisagreements() -> [(channel: String, Disagreed)] {
        defer { disagreements.removeAll() }
        return disagreements
    }

    /// Says goodbye on every trunk.
    package mutating func stop(now: Instant) {
        for id in trunks.keys.sorted() { end(id, Farewell(.goingAway, "the back stops"), now: now) }
    }

    // MARK: What to do

    package mutating func nextDirective() -> Directive? {
        if !lastWords.isEmpty {
            let (trunk, bytes) = lastWords.removeFirst()
            return .send(trunk, bytes)
        }
        if let (trunk, bytes) = outputs.next() { return .send(trunk, bytes) }
        if let (trunk, farewell) = closing.popLast() { return .close(trunk, farewell) }
        // Behind the patches that the jobs wait for.
        if let message = nextJobMessage() { return .job(message) }
        return nil
    }

    // MARK: -

    private mutating func runTick(of id: ChannelID, now: Instant) {
        guard let run = channels[id] else { return }
        let core = run.core
        if core.isForgotten(now) {
            closedCounters.add(core.counters)
            closedVersion = max(closedVersion, core.version)
            channels[id] = nil
            return
        }
        core.run(now: now, outputs: &outputs)
        takeJobs(of: core)
        // The grid is absolute: the next slot follows from the last one, never from when the tick ended.
        let period = core.settings.rate.periodNanoseconds
        guard core.wantsTick, period > 0 else {
            channels[id]!.slot = nil
            return
        }
        let last = run.slot ?? now
        var next = Instant(nanoseconds: (last.nanoseconds / period + 1) * period)
        if next < now {
            let missed = (now.nanoseconds - next.nanoseconds) / period + 1
            let skipped: UInt64
            switch core.settings.overrun {
            case .skip: skipped = missed
            case .catchUp(let limit): skipped = missed > UInt64(limit) ? missed - UInt64(limit) : 0
            }
            if skipped > 0 {
                core.counters.overruns += skipped
                next = Instant(nanoseconds: next.nanoseconds + skipped * period)
            }
        }
        channels[id]!.slot = next
    }

    /// The channel of that id, made if a family of ours matches.
    mutating func channel(_ id: ChannelID, now: Instant) throws(Farewell) -> ChannelCore {
        if let run = channels[id] { return run.core }
        let matching = families.filter { $0.pattern.matches(id) }
        guard let family = matching.max(by: { $0.pattern.specificity < $1.pattern.specificity }) else {
            throw Farewell(.unknownChannel, "no family of \(identity.name) matches '\(id)'")
        }
        guard channels.count < Limits.channelsPerBack else {
            throw Farewell(.overloaded, "\(identity.name) holds \(channels.count) channels, its limit")
        }
        do {
            let core = try ChannelCore(
                id: id, type: family.type, settings: family.settings, dice: Dice(seed: dice.next()),
                after: closedVersion,
                now: now)
            (core.ring, core.poison, core.roster, core.hasHub) = (ring, poison, roster, hasHub)
            channels[id] = ChannelRun(core: core, slot: nil)
            if core.wantsTick { wake(id, now: now) }
            return core
        } catch {
            throw Farewell(.failed, "'\(id)' could not be made: \(error)")
        }
    }

    /// Puts a channel on the grid if it is not.
    mutating func wake(_ id: ChannelID, now: Instant) {
        guard let run = channels[id], run.slot == nil else { return }
        channels[id]!.slot = run.core.settings.rate.slot(after: now)
    }
}
