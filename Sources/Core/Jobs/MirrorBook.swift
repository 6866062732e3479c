/// How far a worker's mirrors are, and which of its jobs wait for one.
///
/// A job begins once every channel that it reads is held at the version that it names or a later one: what is built is never older
/// than the change that asked for it. Versions of two lineages say nothing of each other. A mirror that holds another lineage than
/// a job names is renewed: what a back says that was asked after the job came is what there is, and the named lineage is over. A job that waits for too long is given back with the reason, and the queue tries it again.
///
/// Pure: the worker's shell tells what came, moved and ended, and does what `nextDirective` says.
package struct MirrorBook: Sendable {
    /// What the shell does next, in order.
    package enum Directive: Equatable, Sendable {
        /// Link the channel and keep linking it.
        case follow(ChannelID)
        /// Say `renewalBegan`, and then ask the back for the channel's state anew.
        case renew(ChannelID)
        /// End the link for good and forget what is held.
        case leave(ChannelID)
        case begin(UInt64)
        case giveBack(UInt64, reason: String)
    }

    /// The times and counts of a worker's mirrors.
    package struct Limits: Sendable {
        /// How long a job waits for its mirrors.
        package var wait: Duration = .seconds(10)
        /// A mirror that no job has read for so long is given up, unless it is followed for good.
        package var unused: Duration = .seconds(600)
        /// Channels that are mirrored at once, each with its whole state in memory.
        package var mirrorLimit = 256

        package init() {}
    }

    private struct Mirror: Sendable {
        var stand: (lineage: Lineage, version: Version)?
        /// The last renewal that is in it, and the last one that was begun.
        var renewal: UInt64 = 0
        var lastRenewal: UInt64 = 0
        var isRenewing = false
        var isForGood = false
        var readAt: Instant
        var lastError: String?
    }

    private struct Waiting: Sendable {
        let job: UInt64
        let channels: [ChannelID]
        let minimums: [JobMinimum]
        let came: UInt64
        let wait: Duration
        let deadline: Instant
    }

    private let limits: Limits
    private var mirrors: [ChannelID: Mirror] = [:]
    /// In the order in which they came.
    private var waiting: [Waiting] = []
    /// Renewals and jobs are numbered together, so that it is known what came after what.
    private var count: UInt64 = 0
    private var directives: [Directive] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    // What is.

    package var nextDeadline: Instant? {
        let unused = mirrors.values.filter { !$0.isForGood }.map { $0.readAt + limits.unused }.min()
        return [waiting.map(\.deadline).min(), unused].compactMap { $0 }.min()
    }

    // What happened.

    /// A job of that number is to be run. It is answered by a directive, now or within `patience`, if that is less than the limit.
    package mutating func jobCame(
        _ job: UInt64, reading channels: [ChannelID], after minimums: [JobMinimum], within patience: Duration? = nil,
        now: Instant
    ) {
        let wait = min(limits.wait, patience ?? limits.wait)
        count += 1
        let wants = minimums.filter { channels.contains($0.channel) }
        waiting.append(
            Waiting(job: job, channels: channels, minimums: wants, came: count, wait: wait, deadline: now + wait))
        for channel in channels where !mirror(channel, now: now) {
            waiting.removeLast()
            return directives.append(.giveBack(job, reason: "it reads too many channels at once"))
        }
        settle(now: now)
    }

    /// The back is about to be asked for the channel's state anew. Answers the number of the renewal.
    package mutating func renewalBegan(_ channel: ChannelID) -> UInt64 {
        count += 1
        mirrors[channel]?.lastRenewal = count
        mirrors[channel]?.isRenewing = false
        return count
    }

    /// What is held of a channel now. Of a renewal that is in it the number is told once, or as often as one likes.
    package mutating func stands(
        _ channel: ChannelID, at version: Version, of lineage: Lineage, renewal: UInt64 = 0, now: Instant
    ) {
        guard var mirror = mirrors[channel] else { return }
        mirror.stand = (lineage, version)
        mirror.renewal = max(renewal, mirror.renewal)
        mirror.lastError = nil
        mirrors[channel] = mirror
        settle(now: now)
    }

    /// A link could not be made, or has ended. What was held still is.
    package mutating func linkFailed(_ channel: ChannelID, _ reason: String) {
        guard var mirror = mirrors[channel] else { return }
        mirror.lastError = reason
        // A renewal that was under way may be asked for again.
        mirror.lastRenewal = mirror.renewal
        mirror.isRenewing = false
        mirrors[channel] = mirror
    }

    package mutating func timePassed(now: Instant) {
        settle(now: now)
        for late in waiting where late.deadline <= now {
            directives.append(.giveBack(late.job, reason: reason(of: late)))
        }
        waiting.removeAll { $0.deadline <= now }
        for channel in mirrors.keys.sorted() {
            guard let mirror = mirrors[channel], !mirror.isForGood, mirror.readAt + limits.unused <= now,
                !waiting.contains(where: { $0.channels.contains(channel) })
            else { continue }
            leave(channel)
        }
    }

    // What we want.

    /// Mirrors a channel for good, whether a job reads it or not. False if there are too many.
    @discardableResult
    package mutating func follow(_ channel: ChannelID, now: Instant) -> Bool {
        guard mirror(channel, now: now) else { return false }
        mirrors[channel]?.isForGood = true
        return true
    }

    // What to do.

    package mutating func nextDirective() -> Directive? { directives.isEmpty ? nil : directives.removeFirst() }

    // Private.

    private mutating func settle(now: Instant) {
        var rest: [Waiting] = []
        for job in waiting {
            guard isReached(job) else {
                rest.append(job)
                continue
            }
            for channel in job.channels { mirrors[channel]?.readAt = now }
            directives.append(.begin(job.job))
        }
        waiting = rest
        for job in waiting { for minimum in job.minimums { renew(minimum, for: job) } }
    }

    private func isReached(_ job: Waiting) -> Bool {
        job.channels.allSatisfy { mirrors[$0]?.stand != nil } && job.minimums.allSatisfy { isReached($0, for: job) }
    }

    private func isReached(_ minimum: JobMinimum, for job: Waiting) -> Bool {
        guard let mirror = mirrors[minimum.channel], let stand = mirror.stand else { return false }
        return stand.lineage == minimum.lineage ? stand.version >= minimum.version : mirror.renewal > job.came
    }

    /// Another lineage is held than the job names: which of them is over only the back can tell.
    private mutating func renew(_ minimum: JobMinimum, for job: Waiting) {
        guard let mirror = mirrors[minimum.channel], let stand = mirror.stand, stand.lineage != minimum.lineage,
            mirror.lastRenewal <= job.came, !mirror.isRenewing
        else { return }
        mirrors[minimum.channel]?.isRenewing = true
        directives.append(.renew(minimum.channel))
    }

    /// Sees to it that the channel is mirrored. False if there is no room for it.
    private mutating func mirror(_ channel: ChannelID, now: Instant) -> Bool {
        if mirrors[channel] != nil {
            mirrors[channel]?.readAt = now
            return true
        }
        if mirrors.count >= limits.mirrorLimit {
            let spare = mirrors.filter { entry in
                !entry.value.isForGood && !waiting.contains { $0.channels.contains(entry.key) }
            }
            guard let oldest = spare.min(by: { ($0.value.readAt, $0.key) < ($1.value.readAt, $1.key) })?.key else {
                return false
            }
            leave(oldest)
        }
        mirrors[channel] = Mirror(readAt: now)
        directives.append(.follow(channel))
        return true
    }

    private mutating func leave(_ channel: ChannelID) {
        mirrors[channel] = nil
        directives.append(.leave(channel))
    }

    private func reason(of job: Waiting) -> String {
        for channel in job.channels where mirrors[channel]?.stand == nil {
            let last = mirrors[channel]?.lastError.map { ": \($0)" } ?? ""
            return "'\(channel)' could not be seen within \(job.wait)\(last)"
        }
        for minimum in job.minimums where !isReached(minimum, for: job) {
            guard let stand = mirrors[minimum.channel]?.stand else { continue }
            return stand.lineage == minimum.lineage
                ? "'\(minimum.channel)' did not come to version \(minimum.version) within \(job.wait); it stands at \(stand.version)"
                : "'\(minimum.channel)' could not be renewed within \(job.wait)"
        }
        return "its channels did not come within \(job.wait)"
    }
}
