/// A back's conversation with the hub about its channels' jobs: it sends what their outboxes hold, a window at a time, and finds
/// the item that an answer is for. When the hub was away everything unanswered is said again.
///
/// It holds no jobs: what it sends it asks the outboxes for, and what it hears goes into their channels' inboxes.
struct JobLine: Sendable {
    /// An item of a channel's outbox.
    struct Place: Sendable, Equatable {
        let channel: ChannelID
        /// A channel that is made anew begins its numbers anew.
        let lineage: Lineage
        let number: UInt64
    }

    private enum Phase: Sendable {
        /// `submitted → over` for a plain submit; `submitted → accepted → fetching → over` for an ask.
        case submitted
        case accepted
        case fetching
    }

    private struct Errand: Sendable {
        let place: Place
        let work: Work
        let isAsk: Bool
        var phase = Phase.submitted
    }

    private var isOpen = false
    private var lastNumber: UInt64 = 0
    /// What was said and not answered for good, by the number on the line.
    private var errands: [UInt64: Errand] = [:]
    private var unansweredCount = 0
    private var waiting: [Place] = []
    private var nextWaiting = 0
    /// What the hub could not take when it was asked, and when it is asked again.
    private var resting: [Place] = []
    private(set) var retryAt: Instant?
    private var fetches: [JobMessage] = []

    /// How long a refusal that may pass is left alone.
    static let retry: Duration = .seconds(1)

    // What happened.

    /// - Parameter places: everything that the outboxes hold.
    mutating func hubOpened(_ places: [Place]) {
        hubClosed()
        isOpen = true
        waiting = places
    }

    mutating func hubClosed() {
        let last = lastNumber
        self = JobLine()
        lastNumber = last
    }

    /// A tick has ended that submitted these. Without a hub they wait in their outbox.
    mutating func offered(_ places: [Place]) {
        guard isOpen else { return }
        waiting += places
    }

    mutating func timePassed(now: Instant) {
        guard let retryAt, retryAt <= now else { return }
        self.retryAt = nil
        waiting += resting
        resting = []
    }

    /// The hub said something. Answers which item it is about, and what its channel is to hear.
    mutating func heard(_ message: JobMessage, now: Instant) -> (Place, JobOutbox.News)? {
        switch message {
        case .answer(let number, let answer): answered(number, answer, now: now)
        case .ended(let number, let outcome): ended(number, outcome)
        case .page(let number, let page): fetched(number, page)
        default: nil
        }
    }

    // What to do.

    /// - Parameter item: looks into an outbox; nil for what has been replaced since.
    mutating func nextMessage(_ item: (Place) -> JobOutbox.Item?) -> JobMessage? {
        if let fetch = fetches.popLast() { return fetch }
        while isOpen, unansweredCount < Limits.jobsUnanswered, nextWaiting < waiting.count {
            let place = waiting[nextWaiting]
            nextWaiting += 1
            guard let item = item(place) else { continue }
            lastNumber += 1
            unansweredCount += 1
            errands[lastNumber] = Errand(place: place, work: item.work, isAsk: item.isAsk)
            return .submit(number: lastNumber, item.request, awaitsEnd: item.isAsk)
        }
        if nextWaiting == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count < 4096)
            nextWaiting = 0
        }
        return nil
    }

    private mutating func answered(
        _ number: UInt64, _ answer: JobAnswer, now: Instant
    ) -> (Place, JobOutbox.News)? {
        guard var errand = errands[number], case .submitted = errand.phase else { return nil }
        unansweredCount -= 1
        switch answer {
        case .rejected(let reason) where reason.mayPass && !errand.isAsk:
            errands[number] = nil
            resting.append(errand.place)
            retryAt = retryAt ?? now + Self.retry
            return nil
        case .queued where errand.isAsk, .merged where errand.isAsk:
            errand.phase = .accepted
            errands[number] = errand
        case .queued, .merged, .rejected: errands[number] = nil
        }
        return (errand.place, .answered(answer))
    }

    private mutating func ended(_ number: UInt64, _ outcome: JobEnding.Outcome) -> (Place, JobOutbox.News)? {
        guard var errand = errands[number], errand.isAsk else { return nil }
        switch errand.phase {
        case .fetching: return nil
        case .submitted: unansweredCount -= 1
        case .accepted: break
        }
        guard outcome == .done else {
            errands[number] = nil
            return (errand.place, .ended(outcome, result: nil))
        }
        errand.phase = .fetching
        errands[number] = errand
        fetches.append(.fetch(number: number, path: errand.work.key))
        return nil
    }

    private mutating func fetched(_ number: UInt64, _ page: JobPage?) -> (Place, JobOutbox.News)? {
        guard let errand = errands[number], case .fetching = errand.phase else { return nil }
        errands[number] = nil
        let content = page.map(\.content)
        let isCarried = (content?.count ?? 0) <= Limits.askResultBytes
        return (errand.place, .ended(.done, result: isCarried ? content : nil))
    }
}

extension JobRejection {
    /// Whether the same request may be taken later.
    fileprivate var mayPass: Bool {
        switch self {
        case .full, .draining, .unavailable, .tooFast: true
        case .unknownKind, .keyOutsideShape, .payloadTooLarge, .tooManyMinimums: false
        }
    }
}
