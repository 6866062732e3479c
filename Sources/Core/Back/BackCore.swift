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
    private let families: [ChannelFamily]
    /// What every front is told when it connects.
    private let options: [UInt8]
    private var dice: Dice
    /// Where this process writes what it is doing, and the inputs that it refuses because they ended it before. Set before
    /// the first channel is made.
    package var ring: TickRing?
    package var poison: [PoisonedInput] = []
    /// Whether there is a hub that takes jobs, there or away. Set before the first channel is made.
    package var hasHub = true
    var jobs = JobLine()
    var trunks: [TrunkID: BackTrunk] = [:]
    private let roster = FrontRoster()
    /// When trunks are looked at next; nil while there are none.
    var sweepAt: Instant?
    var outputs = TrunkOutputs()
    /// What a trunk is told before it closes.
    private var lastWords: [(TrunkID, [UInt8])] = []
    private var closing: [(TrunkID, Farewell)] = []
    var channels: [ChannelID: ChannelRun] = [:]
    var closedCounters = BackCounters()
    /// The highest version that a channel had when it closed. One that is made anew goes on above it: what was built of it under
    /// this epoch is older, whatever its lineage was.
    private var closedVersion = Version.nothing
    /// The first of those that nobody has taken yet.
    private var disagreements: [(channel: String, Disagreed)] = []

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

    /// Every channel, by id.
    package var channelStatus: [ChannelStatus] {
        channels.keys.sorted().map { id in
            let core = channels[id]!.core
            return ChannelStatus(
                id: id.text, tick: core.tick, version: core.version, lineage: core.lineage,
                linkCount: core.linkOrder.count,
                sessionCount: core.sessions.count, inboxByteCount: core.inbox.byteCount)
        }
    }

    package var trunkCount: Int { trunks.count }

    package var counters: BackCounters {
        channels.values.reduce(into: closedCounters) { $0.add($1.core.counters) }
    }

    package func hasChannel(_ channel: String) -> Bool { run(channel) != nil }

    /// The canonical bytes of what everyone sees of a channel between ticks, with its version.
    package func encodedState(of channel: String) -> (Version, [UInt8])? {
        run(channel).map { ($0.core.version, $0.core.snapshot()) }
    }

    /// The same for one audience's rows.
    package func encodedState(of channel: String, for audience: Audience) -> [UInt8]? {
        run(channel)?.core.snapshot(of: audience)
    }

    /// What a session sees: the rows of all its audiences together.
    package func encodedView(of channel: String, for session: SessionID) -> (Version, [UInt8])? {
        guard let core = run(channel)?.core, let audiences = audiences(of: session, in: channel),
            let union = try? Patch.union(audiences.map { core.snapshot(of: $0) })
        else { return nil }
        return (core.version, union)
    }

    /// The audiences that a session of a channel is in, everyone first; nil if it is not there.
    package func audiences(of session: SessionID, in channel: String) -> [Audience]? {
        guard let core = run(channel)?.core, core.sessions[session] != nil else { return nil }
        return [.everyone] + core.audiences(of: session)
    }

    /// The rule of a channel, whose table handles reach its live state. For rehearsals; nobody else looks inside.
    package func processor(of channel: String) -> (any Processor)? { run(channel)?.core.processor }

    /// How often a channel ticks now: its rule may have changed it.
    package func rate(of channel: String) -> Rate? { run(channel)?.core.settings.rate }

    private func run(_ channel: String) -> ChannelRun? {
        do { return channels[try ChannelID(channel)] } catch { return nil }
    }

    // MARK: What happened

    package mutating func trunkOpened(_ id: TrunkID, now: Instant) {
        let handshake = AcceptorHandshake(
            name: identity.name, incarnation: identity.incarnation, nonce: Nonce(using: &dice), key: identity.key)
        trunks[id] = BackTrunk(id: id, phase: .opening(handshake, preface: [], since: now), now: now)
        outputs.open(id)
        armSweep(now: now)
    }

    package mutating func trunkClosed(_ id: TrunkID, now: Instant) {
        guard let trunk = trunks.removeValue(forKey: id) else { return }
        roster.closed(id)
        outputs.close(id)
        for link in trunk.channelOf.keys.sorted() {
            guard let channel = trunk.channelOf[link] else { continue }
            channels[channel]?.core.unlinked(LinkKey(trunk: id, number: link))
            wake(channel, now: now)
        }
    }

    /// How many bytes of what was sent on the trunk the kernel has not taken.
    package mutating func trunkUnsent(_ id: TrunkID, byteCount: Int) { outputs.setUnsent(byteCount, on: id) }

    package mutating func receive(_ bytes: UnsafeRawBufferPointer, on id: TrunkID, now: Instant) {
        guard let trunk = trunks[id] else { return }
        trunk.heardAt = now
        trunk.pingedAt = nil
        var bytes = bytes
        do throws(Farewell) {
            if case .opening(let handshake, let preface, let since) = trunk.phase, preface.count < Preface.bytes.count {
                let taken = bytes.prefix(Preface.bytes.count - preface.count)
                let begun = preface + taken
                bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(taken.count))
                trunk.phase = .opening(handshake, preface: begun, since: since)
                guard begun.elementsEqual(Preface.bytes.prefix(begun.count)) else {
                    throw Farewell(.protocolError, "this port speaks Switchback between its own processes")
                }
            }
            // Taken out while it reads: what it holds is in one place only.
            var reader = FrameReader(limit: trunk.reader.limit)
            swap(&reader, &trunk.reader)
            try reader.receive(
                bytes, { (frame) throws(Farewell) in try take(frame, on: id, now: now) }, failed: { Farewell($0) })
            if trunk.isOpen { reader.limit = Limits.nodeFrameBytes }
            trunk.reader = reader
        } catch {
            end(id, error, now: now)
        }
    }

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

    private mutating func take(_ frame: Frame, on id: TrunkID, now: Instant) throws(Farewell) {
        guard let trunk = trunks[id] else { return }
        switch trunk.phase {
        case .opening(var handshake, let preface, let since):
            switch try handshake.receive(frame) {
            case .send(let bytes):
                outputs.append(to: id) { $0.raw(bytes) }
                trunks[id]!.phase = .opening(handshake, preface: preface, since: since)
            case .proved(let greeting):
                trunks[id]!.phase = .open(front: greeting.name, incarnation: greeting.incarnation)
                roster.opened(id, greeting.name)
                replaceTrunks(of: greeting.incarnation, by: id, now: now)
                let accepted = Accepted(
                    epoch: identity.epoch, families: families.map(\.pattern.description), options: options)
                outputs.append(to: id) { writer in
                    writer.frame(.accepted) { accepted.encode(into: &$0) }
                }
            }
        case .open(let front, let incarnation):
            do {
                try take(frame, on: id, front: front, incarnation: incarnation, now: now)
            } catch let error as WireError {
                throw Farewell(error)
            } catch let farewell as Farewell {
                throw farewell
            } catch {
                throw Farewell(.failed, "\(error)")
            }
        }
    }

    private mutating func take(
        _ frame: Frame, on id: TrunkID, front: String, incarnation: Incarnation, now: Instant
    ) throws {
        switch frame.kind {
        case .trunkInputs:
            var reader = ByteReader(frame.body)
            let link: LinkNumber = try reader.num()
            let records = reader.rest()
            let count = try Inbox.checkRecords(records)
            guard let (channel, key) = find(link, on: id) else { return }
            guard channel.inputsArrived(records.count, on: key) else {
                throw Farewell(.overloaded, "inputs beyond the credit of link \(link)")
            }
            channel.inbox.append(inputs: records, count: count, from: key)
            wake(channel.id, now: now)
        case .link:
            let request = try frame.decode(LinkRequest.init(from:))
            try link(request, on: id, front: front, incarnation: incarnation, now: now)
        case .unlink:
            let link: LinkNumber = try frame.decode { (reader) throws(WireError) in try reader.num() }
            guard let (channel, key) = find(link, on: id) else { return }
            trunks[id]!.channelOf[link] = nil
            channel.unlinked(key)
            wake(channel.id, now: now)
        case .attach:
            let attach = try frame.decode(Attach.init(from:))
            append(.attach(LinkKey(trunk: id, number: attach.link), attach), link: attach.link, on: id, now: now)
        case .detach:
            let detach = try frame.decode(Detach.init(from:))
            append(.detach(LinkKey(trunk: id, number: detach.link), detach), link: detach.link, on: id, now: now)
        case .want:
            let want = try frame.decode(Want.init(from:))
            append(.want(LinkKey(trunk: id, number: want.link), want), link: want.link, on: id, now: now)
        case .toBack:
            let message = try frame.decode(ToBack.init(from:))
            deliver(message, on: id, from: front, now: now)
        case .relayed: deliver(try frame.decode(Relayed.init(from:)), from: front, now: now)
        case .trunkDisagreed:
            let disagreed = try frame.decode(Disagreed.init(from:))
            guard let (channel, _) = find(disagreed.link, on: id) else { return }
            channel.counters.disagreements += 1
            if disagreements.count < 16 { disagreements.append((channel.id.text, disagreed)) }
        case .credit: break
        case .ping:
            let token = try frame.decode { (reader) throws(WireError) in try reader.u64() }
            outputs.append(to: id) { writer in writer.frame(.pong) { $0.u64(token) } }
        case .pong: break
        case .bye:
            let bye = try frame.decode(Bye.init(from:))
            throw Farewell(.done, "the front said: \(bye.reason)")
        default:
            throw Farewell(.protocolError, "frame \(frame.kind) is not one that a front sends")
        }
    }

    private mutating func link(
        _ request: LinkRequest, on id: TrunkID, front: String, incarnation: Incarnation, now: Instant
    ) throws(Farewell) {
        if let highest = trunks[id]!.highestLink, request.link <= highest {
            throw Farewell(.duplicate, "link \(request.link) has been used before")
        }
        trunks[id]!.highestLink = request.link
        do throws(Farewell) {
            let channelID: ChannelID
            do { channelID = try ChannelID(request.channel) } catch { throw Farewell(.unknownChannel, "\(error)") }
            let channel = try channel(channelID, now: now)
            let key = LinkKey(trunk: id, number: request.link)
            trunks[id]!.channelOf[request.link] = channelID
            channel.linkRequested(
                BackLink(key: key, front: front, incarnation: incarnation, options: request.options),
                options: request.options)
            wake(channelID, now: now)
        } catch {
            closedCounters.linksRefused += 1
            let answer = Unlinked(link: request.link, farewell: error)
            outputs.append(to: id) { writer in writer.frame(.unlinked) { answer.encode(into: &$0) } }
        }
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

    private func find(_ link: LinkNumber, on id: TrunkID) -> (ChannelCore, LinkKey)? {
        guard let channel = trunks[id]?.channelOf[link], let run = channels[channel] else { return nil }
        return (run.core, LinkKey(trunk: id, number: link))
    }

    private mutating func append(_ entry: Inbox.Entry, link: LinkNumber, on id: TrunkID, now: Instant) {
        guard let (channel, _) = find(link, on: id) else { return }
        channel.inbox.append(entry)
        wake(channel.id, now: now)
    }

    /// Puts a channel on the grid if it is not.
    mutating func wake(_ id: ChannelID, now: Instant) {
        guard let run = channels[id], run.slot == nil else { return }
        channels[id]!.slot = run.core.settings.rate.slot(after: now)
    }

    mutating func end(_ id: TrunkID, _ farewell: Farewell, now: Instant) {
        guard trunks[id] != nil else { return }
        closedCounters.trunksRefused[farewell.code, default: 0] += 1
        outputs.append(to: id) { writer in
            writer.frame(.bye) { Bye(farewell).encode(into: &$0) }
        }
        if let bytes = outputs.take(id) { lastWords.append((id, bytes)) }
        closing.append((id, farewell))
        trunkClosed(id, now: now)
    }
}
