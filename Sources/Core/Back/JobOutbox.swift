import State

/// The jobs that a channel's rule submitted and that the hub has not answered, and the asks that have not ended.
///
/// It is part of the channel's state: only ticks change it, the hub's answers come through the inbox, and it goes where the state
/// goes. Work that is submitted again before the hub has it takes the place of the older request, so while the hub is away there is
/// one item for each page, however often it changed. What is sent twice because an answer was lost is merged by the queue, or done
/// once more.
struct JobOutbox: Sendable {
    struct Item: Sendable {
        /// Within the channel, only grows; an ask's is its `AskID`.
        let number: UInt64
        let work: Work
        let isAsk: Bool
        /// What the worker must have seen: the version that the tick made. Known when the tick has ended.
        var minimum: JobMinimum?
        /// The hub said that it has it.
        var isAccepted = false

        var request: JobRequest {
            JobRequest(
                JobAddress(work.kind, work.key), payload: work.payload, deadlineClass: work.urgency,
                minimums: minimum.map { [$0] } ?? [])
        }
    }

    /// What became of an offer.
    enum Offer: Equatable {
        case kept(UInt64)
        /// It stands for an older one of the same work too.
        case merged(UInt64)
        case refusedFull
        case refusedTooLarge
    }

    /// What the hub said of an item, as the inbox brings it.
    enum News: Sendable, Equatable {
        case answered(JobAnswer)
        case ended(JobEnding.Outcome, result: [UInt8]?)
    }

    private struct Place: Hashable {
        let address: JobAddress
        let urgency: DeadlineClass?
    }

    /// In the order of their numbers.
    private(set) var items: [Item] = []
    private var byteCount = 0
    private var askCount = 0
    private var lastNumber: UInt64 = 0
    /// Plain submits by what they are for.
    private var numberOf: [Place: UInt64] = [:]
    /// Items above this number are of the tick in progress.
    private var settledNumber: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }
    /// Whether the tick in progress submitted something.
    var isFresh: Bool { lastNumber > settledNumber }

    subscript(number: UInt64) -> Item? { place(of: number).map { items[$0] } }

    mutating func offer(_ work: Work, isAsk: Bool) -> Offer {
        guard work.isWithinLimits else { return .refusedTooLarge }
        var work = work
        let place = Place(address: JobAddress(work.kind, work.key), urgency: work.urgency)
        let older = isAsk ? nil : numberOf[place].flatMap { self[$0] }
        if let older {
            if work.payload.isEmpty { work.payload = older.work.payload }
            remove(older.number)
        }
        let isFull = isAsk ? askCount >= Limits.asksPerChannel : items.count - askCount >= Limits.jobsPerOutbox
        guard !isFull, byteCount + work.payload.count <= Limits.jobBytesPerOutbox else {
            // An older request for the same work stays: it says as much.
            if let older { insert(older, place) }
            return .refusedFull
        }
        lastNumber += 1
        insert(Item(number: lastNumber, work: work, isAsk: isAsk), place)
        return older == nil ? .kept(lastNumber) : .merged(lastNumber)
    }

    /// The tick has ended: what it submitted names the version that it made. Answers those items.
    mutating func settle(_ minimum: JobMinimum) -> [UInt64] {
        let start = items.firstIndex { $0.number > settledNumber } ?? items.count
        settledNumber = lastNumber
        for place in start..<items.count { items[place].minimum = minimum }
        return items[start...].map(\.number)
    }

    /// The hub said something of an item. Answers what the rule is told of it.
    mutating func take(_ news: News, of number: UInt64) -> Answered? {
        guard let place = place(of: number) else { return nil }
        let item = items[place]
        switch news {
        case .answered(.rejected(let reason)):
            remove(number)
            return item.answered(.rejected(reason.description))
        case .answered(let answer):
            guard item.isAsk else {
                remove(number)
                return nil
            }
            // It may be asked for again after the hub was away.
            guard !item.isAccepted else { return nil }
            items[place].isAccepted = true
            if case .merged = answer { return item.answered(.merged) }
            return item.answered(.queued)
        case .ended(let outcome, let result):
            remove(number)
            switch outcome {
            case .done: return item.answered(.done(result: result))
            case .dead(let error): return item.answered(.dead(error))
            case .dropped: return item.answered(.dropped)
            }
        }
    }

    private mutating func insert(_ item: Item, _ place: Place) {
        let index = items.firstIndex { $0.number > item.number } ?? items.count
        items.insert(item, at: index)
        byteCount += item.work.payload.count
        if item.isAsk { askCount += 1 } else { numberOf[place] = item.number }
    }

    private mutating func remove(_ number: UInt64) {
        guard let place = place(of: number) else { return }
        let item = items.remove(at: place)
        byteCount -= item.work.payload.count
        if item.isAsk { return askCount -= 1 }
        let key = Place(address: JobAddress(item.work.kind, item.work.key), urgency: item.work.urgency)
        if numberOf[key] == number { numberOf[key] = nil }
    }

    private func place(of number: UInt64) -> Int? {
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < items.count && items[low].number == number ? low : nil
    }
}

extension JobOutbox.Item {
    /// Nil for a plain submit: its rule did not ask.
    fileprivate func answered(_ answer: AskAnswer) -> Answered? {
        isAsk ? Answered(id: AskID(rawValue: number), work: work, answer: answer) : nil
    }
}
