import State

/// The jobs that the rule submits, and what the hub says of them.
extension ChannelCore {
    /// Puts work into the outbox. Answers its number there; nil, and counted, if it is not kept.
    func submit(_ work: Work, isAsk: Bool) -> UInt64? {
        guard hasHub else {
            counters.jobsRefused += 1
            return nil
        }
        switch outbox.offer(work, isAsk: isAsk) {
        case .kept(let number):
            counters.jobsSubmitted += 1
            return number
        case .merged(let number):
            counters.jobsSubmitted += 1
            counters.jobsMerged += 1
            return number
        case .refusedFull, .refusedTooLarge:
            counters.jobsRefused += 1
            return nil
        }
    }

    /// The tick that submitted is about to be committed: everyone who is linked is told its version, also those for whom nothing
    /// changed. A worker waits until its mirror has it.
    func announceVersion() {
        guard outbox.isFresh else { return }
        for key in linkOrder { links[key]?.owesVersion = true }
    }

    /// The tick is committed. Answers the numbers of what it submitted.
    func settleJobs() -> [UInt64] {
        guard outbox.isFresh else { return [] }
        return outbox.settle(JobMinimum(channel: id, lineage: lineage, version: version))
    }

    func jobPlace(_ number: UInt64) -> JobLine.Place { .init(channel: id, lineage: lineage, number: number) }

    /// What stands there in the outbox, if it still does.
    func item(at place: JobLine.Place) -> JobOutbox.Item? { place.lineage == lineage ? outbox[place.number] : nil }

    /// The inbox brought what the hub said.
    func take(_ news: JobOutbox.News, of number: UInt64) -> Event? {
        if case .answered(.rejected) = news, outbox[number] != nil { counters.jobsRejected += 1 }
        return outbox.take(news, of: number).map(Event.answered)
    }
}
