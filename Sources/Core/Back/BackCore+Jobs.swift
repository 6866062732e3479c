import State

/// The hub's line, as far as jobs are said on it.
extension BackCore {
    /// The line to the hub is open (again): what it may not have heard is said.
    package mutating func hubOpened() {
        jobs.hubOpened(
            channels.keys.sorted().flatMap { id in
                channels[id].map { run in run.core.outbox.items.map { run.core.jobPlace($0.number) } } ?? []
            })
    }

    package mutating func hubClosed() { jobs.hubClosed() }

    /// The hub said something of jobs.
    package mutating func heard(_ message: JobMessage, now: Instant) {
        guard let (place, news) = jobs.heard(message, now: now),
            let core = channels[place.channel]?.core, core.item(at: place) != nil
        else { return }
        core.inbox.append(.job(place.number, news))
        wake(place.channel, now: now)
    }

    /// Jobs in all outboxes that the hub has not answered, and asks that have not ended.
    package var outboxCount: Int { channels.values.reduce(0) { $0 + $1.core.outbox.items.count } }

    /// A channel has ticked.
    mutating func takeJobs(of core: ChannelCore) { jobs.offered(core.settleJobs().map(core.jobPlace)) }

    mutating func nextJobMessage() -> JobMessage? {
        let channels = channels
        return jobs.nextMessage { channels[$0.channel]?.core.item(at: $0) }
    }
}
