/// Who waits for a page, numbered by whoever asks.
package struct PageReader: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What the cache holds and how long it waits.
package struct PageCacheLimits: Sendable {
    /// Pages held in memory, with what they cost beside their content; beyond it the longest unread go.
    package var byteLimit = 64 << 20
    /// How long after the news of a newer page the older one is still given at once, while the newer one is fetched.
    package var staleWhileRevalidate: Duration = .seconds(5)
    /// A page that was read this recently is fetched as soon as there is news of a newer one.
    package var warm: Duration = .seconds(60)
    /// How long "there is no such page" is believed.
    package var missing: Duration = .seconds(1)
    /// How long a reader waits for a page; beyond it an older one, or the reason.
    package var wait: Duration = .seconds(10)
    /// Paths that are fetched at once, and readers that wait; beyond them readers are refused.
    package var flightLimit = 1_000
    package var readerLimit = 10_000

    package init() {}
}

/// A front's memory of pages, and its one way to ask the hub for them: a path is asked for once, however many readers miss it.
///
/// Pure: the shell tells what was asked, answered and heard, sends the wishes and hands the outcomes on.
package struct PageCache: Sendable {
    package enum Directive: Equatable, Sendable {
        /// Send it to the hub.
        case fetch(PageWish)
        case answer(PageReader, PageOutcome)
    }

    /// What was counted since the start.
    package struct Counters: Equatable, Sendable {
        package var hits: UInt64 = 0
        /// Given although a newer one was known.
        package var staleHits: UInt64 = 0
        package var misses: UInt64 = 0
        package var fetches: UInt64 = 0
        package var refused: UInt64 = 0
        package var timeouts: UInt64 = 0
        package var news: UInt64 = 0
    }

    private struct Waiting: Sendable {
        let reader: PageReader
        let floor: PageFloor?
        let deadline: Instant
    }

    /// One path on its way: asked for once, whoever waits.
    private struct Flight: Sendable {
        let path: String
        var floor: PageFloor?
        let sentAt: Instant
        var readers: [Waiting] = []
        /// The newest version that was heard of since it was sent.
        var newsVersion: PageVersion?
    }

    package let limits: PageCacheLimits
    package private(set) var counters = Counters()
    private var shelf: PageShelf
    /// By the number of the wish, which only grows, so that walking it is walking in order of time.
    private var flights: [UInt64: Flight] = [:]
    private var flightOf: [String: UInt64] = [:]
    private var lastNumber: UInt64 = 0
    private var readerCount = 0
    private var isHubThere = false
    private var directives: [Directive] = []
    private var nextDirectiveIndex = 0

    package init(limits: PageCacheLimits = PageCacheLimits()) {
        self.limits = limits
        shelf = PageShelf(byteLimit: limits.byteLimit)
    }

    // MARK: What is

    /// When `tick` is to be called next.
    package var nextDeadline: Instant? { flights.values.map { $0.sentAt + limits.wait }.min() }

    package var byteCount: Int { shelf.byteCount }
    package var pageCount: Int { shelf.count }
    package var evictionCount: UInt64 { shelf.evictionCount }

    // MARK: What happened

    /// Somebody wants the page at `path`, not older than `floor`. Answered by a directive: now, or when the hub has answered.
    package mutating func asked(_ path: String, floor: PageFloor? = nil, by reader: PageReader, now: Instant) {
        if let slot = shelf[path], answersNow(slot, floor, now) {
            shelf.touch(path, now: now)
            counters.hits += 1
            if slot.staleAt != nil {
                counters.staleHits += 1
                fetch(path, floor: nil, now: now)
            }
            return answer(reader, slot.page.map(PageOutcome.page) ?? .missing)
        }
        counters.misses += 1
        fetch(path, floor: floor, now: now)
        guard let number = flightOf[path], readerCount < limits.readerLimit else {
            counters.refused += 1
            return answer(reader, .failed("too many readers wait for pages"))
        }
        readerCount += 1
        flights[number]?.readers.append(Waiting(reader: reader, floor: floor, deadline: now + limits.wait))
    }

    /// The hub answered a wish.
    package mutating func answered(_ message: PageAnswer, now: Instant) {
        guard let flight = flights.removeValue(forKey: message.number) else { return }
        flightOf[flight.path] = nil
        readerCount -= flight.readers.count
        switch message.outcome {
        case .page(let page): keep(page, flight, now)
        case .unchanged(let version):
            guard let page = shelf[flight.path]?.page else { return again(flight, now) }
            var renewed = page
            renewed.version = max(version, page.version)
            keep(renewed, flight, now)
        case .missing:
            keepAbsence(flight, now)
        case .failed(let reason): fail(flight, reason)
        }
    }

    /// The store has a newer page.
    package mutating func heard(_ news: PageNews, now: Instant) {
        counters.news += 1
        if let number = flightOf[news.path] {
            let known = flights[number]?.newsVersion ?? news.version
            flights[number]?.newsVersion = max(known, news.version)
        }
        guard let slot = shelf[news.path] else { return }
        guard let page = slot.page else { return shelf.remove(news.path) }
        guard page.version < news.version else { return }
        if page.hash == news.hash, slot.staleAt == nil {
            return shelf.update(news.path) { $0.page?.version = news.version }
        }
        spoil(slot, now)
    }

    /// The line to the hub is open (again): what changed meanwhile nobody said, and what was asked for nobody remembers.
    package mutating func hubOpened(now: Instant) {
        isHubThere = true
        for path in shelf.paths {
            guard let slot = shelf[path] else { continue }
            if slot.page == nil { shelf.remove(path) } else { spoil(slot, now, isHeard: false) }
        }
        for number in flights.keys.sorted() {
            if let flight = flights[number] { send(number, flight) }
        }
    }

    /// The line is lost. Wishes wait for it to come back, as long as their readers do.
    package mutating func hubClosed() { isHubThere = false }

    /// Time went on.
    package mutating func tick(now: Instant) {
        for number in flights.keys.sorted() {
            guard let flight = flights[number], now >= flight.sentAt + limits.wait else { continue }
            flights[number] = nil
            flightOf[flight.path] = nil
            readerCount -= flight.readers.count
            counters.timeouts += UInt64(flight.readers.count)
            fail(flight, "the page did not come in time")
        }
    }

    // MARK: What to do

    package mutating func nextDirective() -> Directive? {
        guard nextDirectiveIndex < directives.count else {
            directives.removeAll(keepingCapacity: true)
            nextDirectiveIndex = 0
            return nil
        }
        defer { nextDirectiveIndex += 1 }
        return directives[nextDirectiveIndex]
    }

    // MARK: Reading

    /// Whether a reader is given what is held. An old page is better than none while there is no hub to ask.
    private func answersNow(_ slot: PageShelf.Slot, _ floor: PageFloor?, _ now: Instant) -> Bool {
        guard let page = slot.page else { return floor == nil && now.since(slot.checkedAt) < limits.missing }
        if let floor, page.version < floor.version { return false }
        guard let staleAt = slot.staleAt else { return true }
        return now.since(staleAt) < limits.staleWhileRevalidate || !isHubThere
    }

    private mutating func answer(_ reader: PageReader, _ outcome: PageOutcome) {
        directives.append(.answer(reader, outcome))
    }

    // MARK: Fetching

    /// Has the path fetched, unless it is on its way. No flight afterwards: there are too many.
    private mutating func fetch(_ path: String, floor: PageFloor?, now: Instant) {
        guard flightOf[path] == nil, flights.count < limits.flightLimit else { return }
        lastNumber += 1
        counters.fetches += 1
        flightOf[path] = lastNumber
        let flight = Flight(path: path, floor: floor, sentAt: now)
        flights[lastNumber] = flight
        if isHubThere { send(lastNumber, flight) }
    }

    private mutating func send(_ number: UInt64, _ flight: Flight) {
        directives.append(
            .fetch(
                PageWish(
                    number: number, path: flight.path, floor: flight.floor,
                    held: shelf[flight.path]?.page?.hash ?? [])))
    }

    private mutating func keep(_ page: StoredPage, _ flight: Flight, _ now: Instant) {
        // An answer that was overtaken does not replace what is newer.
        let held = shelf[flight.path]
        let newest = held?.page.flatMap { $0.version > page.version ? $0 : nil } ?? page
        var slot = PageShelf.Slot(path: flight.path, page: newest, checkedAt: now, readAt: held?.readAt ?? now)
        if let news = flight.newsVersion, news > newest.version { slot.staleAt = now }
        shelf.put(slot)
        var unserved: [Waiting] = []
        for waiting in flight.readers {
            // Whoever came with a higher floor than was asked for: once more, with theirs.
            if let floor = waiting.floor, newest.version < floor.version, flight.floor.map({ $0 < floor }) ?? true {
                unserved.append(waiting)
            } else {
                answer(waiting.reader, .page(newest))
            }
        }
        readOn(unserved, flight, now)
        if unserved.isEmpty, slot.staleAt != nil { fetch(flight.path, floor: nil, now: now) }
    }

    private mutating func keepAbsence(_ flight: Flight, _ now: Instant) {
        shelf.put(PageShelf.Slot(path: flight.path, page: nil, checkedAt: now, readAt: now))
        for waiting in flight.readers { answer(waiting.reader, .missing) }
    }

    /// What is held is given in place of what could not be had.
    private mutating func fail(_ flight: Flight, _ reason: String) {
        let held = shelf[flight.path]?.page
        for waiting in flight.readers {
            if let held, waiting.floor.map({ $0.version <= held.version }) ?? true {
                counters.staleHits += 1
                answer(waiting.reader, .page(held))
            } else {
                answer(waiting.reader, .failed(reason))
            }
        }
    }

    /// The page that was held when the wish was sent has been dropped since: the content has to come.
    private mutating func again(_ flight: Flight, _ now: Instant) { readOn(flight.readers, flight, now) }

    private mutating func readOn(_ readers: [Waiting], _ flight: Flight, _ now: Instant) {
        let waiting = readers.filter { $0.deadline > now }
        for late in readers where late.deadline <= now { answer(late.reader, .failed("the page did not come in time")) }
        guard !waiting.isEmpty else { return }
        fetch(flight.path, floor: waiting.compactMap(\.floor).max(), now: now)
        guard let number = flightOf[flight.path] else {
            for late in waiting { answer(late.reader, .failed("too many pages are asked for")) }
            return
        }
        readerCount += waiting.count
        flights[number]?.readers += waiting
    }

    /// It is not the newest any more. One that people read is fetched at once, if there was news of another.
    private mutating func spoil(_ slot: PageShelf.Slot, _ now: Instant, isHeard: Bool = true) {
        if slot.staleAt == nil { shelf.update(slot.path) { $0.staleAt = now } }
        guard isHeard, isHubThere, now.since(slot.readAt) < limits.warm else { return }
        fetch(slot.path, floor: nil, now: now)
    }
}
