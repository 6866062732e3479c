import Core
import FrontChannel
import Glibc
import Node
import State

/// A worker's mirrors: links of its own to the channels that its jobs read, kept in step, and the jobs that wait for them.
///
/// The rules are in `MirrorBook`; this does what it says. It reaches the backs as a node, by the cluster's key.
actor MirrorKeeper {
    /// Which channels a job reads; nil: those of the family that backs serve by their whole id, and those that the job names.
    typealias Reading = @Sendable (Job) -> [String]

    private let family: FamilyPattern
    private let reading: Reading?
    private var book: MirrorBook
    private var front: Front?
    private var held: [ChannelID: MirroredChannel] = [:]
    private var links: [ChannelID: Link] = [:]
    /// The book's numbers of the renewals of the present links, and what is to be renewed when it is linked.
    private var renewals: [ChannelID: [UInt64]] = [:]
    private var unrenewed: Set<ChannelID> = []
    private var following: [ChannelID: Task<Void, Never>] = [:]
    private var jobs: [UInt64: CheckedContinuation<String?, Never>] = [:]
    private var lastJob: UInt64 = 0
    private var alarm: (at: Instant, task: Task<Void, Never>)?

    private static let pause: Duration = .milliseconds(200)

    init(_ family: FamilyPattern, reading: Reading?, limits: MirrorBook.Limits = MirrorBook.Limits()) {
        self.family = family
        self.reading = reading
        book = MirrorBook(limits: limits)
    }

    /// Connects to the backs, for as long as that takes, and begins to mirror what is known by its whole id.
    func begin(through hub: HubAddress, name: String) async {
        while front == nil, !Task.isCancelled {
            do { front = try await Front.connect(through: hub, name: name) } catch {
                try? await Task.sleep(for: Self.pause)
            }
        }
        let now = Self.now
        for channel in await wholeChannels() { book.follow(channel, now: now) }
        pump()
    }

    /// The channels that a job reads, once they have come so far. Throws why they have not.
    func mirrors(for job: Job) async throws(WorkerFailure) -> Mirrors {
        let patience = job.timeLimit / 2
        try await connected(within: patience)
        let (channels, minimums) = try await channels(of: job)
        lastJob += 1
        let number = lastJob
        let reason: String? = await withCheckedContinuation { continuation in
            jobs[number] = continuation
            book.jobCame(number, reading: channels, after: minimums, within: patience, now: Self.now)
            pump()
        }
        if let reason { throw WorkerFailure(reason) }
        return Mirrors(channels: channels.compactMap { held[$0] })
    }

    /// A worker may be asked before it has found the backs.
    private func connected(within patience: Duration) async throws(WorkerFailure) {
        let deadline = ContinuousClock.now + patience
        while front == nil {
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                throw WorkerFailure("the backs could not be reached within \(patience)")
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    // MARK: What a job reads

    private func channels(of job: Job) async throws(WorkerFailure) -> ([ChannelID], [JobMinimum]) {
        let minimums = job.minimums.compactMap(\.known).filter { family.matches($0.channel) }
        var channels = Set(minimums.map(\.channel))
        if let reading {
            for text in reading(job) {
                guard let channel = try? ChannelID(text), family.matches(channel) else {
                    throw WorkerFailure("'\(text)' is no channel of '\(family)'")
                }
                channels.insert(channel)
            }
        } else {
            channels.formUnion(await wholeChannels())
        }
        return (channels.sorted(), minimums)
    }

    /// Those of the family that are known by their whole id.
    private func wholeChannels() async -> [ChannelID] {
        if case .exactly(let channel) = family.shape { return [channel] }
        guard reading == nil, let front else { return [] }
        return await front.backs.flatMap(\.families).compactMap { text in
            guard let pattern = try? FamilyPattern(text), case .exactly(let channel) = pattern.shape,
                family.matches(channel)
            else { return nil }
            return channel
        }
    }

    // MARK: The book's wishes

    private func pump() {
        while let directive = book.nextDirective() {
            switch directive {
            case .follow(let channel): following[channel] = Task { await self.follow(channel) }
            case .renew(let channel): renew(channel)
            case .leave(let channel):
                following.removeValue(forKey: channel)?.cancel()
                links.removeValue(forKey: channel)?.unlink()
                held[channel] = nil
            case .begin(let job): jobs.removeValue(forKey: job)?.resume(returning: nil)
            case .giveBack(let job, let reason): jobs.removeValue(forKey: job)?.resume(returning: reason)
            }
        }
        arm()
    }

    private func renew(_ channel: ChannelID) {
        guard let link = links[channel] else { return _ = unrenewed.insert(channel) }
        renewals[channel, default: []].append(book.renewalBegan(channel))
        link.renew()
    }

    private func arm() {
        guard let deadline = book.nextDeadline else { return }
        if let alarm, alarm.at <= deadline { return }
        alarm?.task.cancel()
        let wait = Duration.nanoseconds(Int64(max(0, deadline.since(Self.now).wholeNanoseconds)))
        alarm = (
            deadline,
            Task {
                guard (try? await Task.sleep(for: wait)) != nil else { return }
                self.rang()
            }
        )
    }

    private func rang() {
        alarm = nil
        book.timePassed(now: Self.now)
        pump()
    }

    private static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    // MARK: Links

    /// One link after the other, until the book has had enough.
    private func follow(_ channel: ChannelID) async {
        while !Task.isCancelled {
            do { try await keep(channel) } catch {
                guard !Task.isCancelled else { return }
                book.linkFailed(channel, "\(error)")
                pump()
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Mirrors the channel until the link ends.
    private func keep(_ channel: ChannelID) async throws {
        guard let link = try await front?.channel(channel.text).link(), !Task.isCancelled else { return }
        links[channel] = link
        renewals[channel] = []
        defer { if links[channel] === link { links[channel] = nil } }
        let state = link.encodedState
        held[channel] = MirroredChannel(
            channel: channel.text, epoch: state.epoch, lineage: state.lineage, rows: try state.mirror())
        stands(channel, renewal: 0)
        if unrenewed.remove(channel) != nil { renew(channel) }
        for try await update in link.updates {
            guard !Task.isCancelled else { return }
            try take(update, of: channel)
            stands(channel, renewal: update.renewal)
        }
    }

    private func take(_ update: Update, of channel: ChannelID) throws {
        guard let base = update.base else {
            held[channel] = MirroredChannel(
                channel: channel.text, epoch: update.epoch, lineage: update.lineage,
                rows: try ChannelMirror(schema: update.schema, version: update.version, state: update.bytes))
            return
        }
        // In its place, so that nothing is copied while no job reads it.
        try held[channel]?.rows.advance(from: base, to: update.version, by: update.bytes)
    }

    /// - Parameter renewal: how many renewals of the present link are in what is held.
    private func stands(_ channel: ChannelID, renewal: Int) {
        guard let it = held[channel] else { return }
        book.stands(
            channel, at: Version(rawValue: it.rows.version), of: Lineage(rawValue: it.lineage),
            renewal: renewal > 0 ? renewals[channel]?[renewal - 1] ?? 0 : 0, now: Self.now)
        pump()
    }
}

extension ChannelMirror {
    /// Everyone's next change, as an update of a link has it.
    fileprivate mutating func advance(from base: UInt64, to version: UInt64, by patch: [UInt8]) throws(MirrorError) {
        if !patch.isEmpty { try receive(StateSection(base: base, version: version, patch: patch)) }
        _ = try commit(base: base, version: version)
    }
}

extension Minimum {
    fileprivate var known: JobMinimum? {
        (try? ChannelID(channel)).map {
            JobMinimum(channel: $0, lineage: Lineage(rawValue: lineage), version: Version(rawValue: version))
        }
    }
}
