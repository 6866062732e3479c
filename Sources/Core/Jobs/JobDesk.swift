/// Where jobs meet the hub's lines: it hears nodes, workers and operators, asks the queue, and says nothing that is not on disk.
///
/// The shell tells it what happened, takes a batch of changes whenever its writer is idle, and sends what `nextMessage` answers.
package struct JobDesk: Sendable {
    /// Somebody's line, by the number that the shell gave it.
    private struct Peer: Sendable {
        var name: String
        var isWorker = false
        /// Requests that it may make at once, and when that was counted.
        var allowance = Double(JobDesk.burst)
        var countedAt: Instant

        /// Whether one more request may come, which counts it.
        mutating func mayAsk(now: Instant) -> Bool {
            let earned =
                Double(Int64(bitPattern: now.nanoseconds &- countedAt.nanoseconds)) / 1e9 * JobDesk.requestsPerSecond
            allowance = min(allowance + earned, Double(JobDesk.burst))
            countedAt = now
            guard allowance >= 1 else { return false }
            allowance -= 1
            return true
        }
    }

    /// Something that is true once `change` is on disk.
    private struct Gated: Sendable {
        var change: UInt64
        var peer: UInt64
        var message: JobMessage
    }

    /// A node that wants to hear of an end.
    private struct Waiter: Sendable {
        var peer: UInt64
        var number: UInt64
        var address: JobAddress
        var after: UInt64
    }

    /// A wish for a page: whether the store has it by now is looked up before a job is made of it.
    private struct Look: Sendable {
        var wish: PageDemand
        /// What was decided before the wish came is on disk then.
        var change: UInt64
    }

    /// A page that a node wants to be there.
    private struct PageDemand: Sendable {
        var peer: UInt64
        var number: UInt64
        var request: JobRequest
        var floor: PageVersion?
    }

    /// What one node may ask: so many requests a second, so many at once. Beyond it they are rejected.
    package static let requestsPerSecond = 20_000.0
    package static let burst = 40_000
    /// Ends that are awaited at once, about 100 bytes each; a request beyond it that awaits its end is rejected as full.
    package static let waiterLimit = 100_000

    package private(set) var queue: JobQueue
    private let catalogue: JobCatalogue
    private var peers = NumberTable<JobWorkerID, Peer>()
    private var gated: [Gated?] = []
    /// The highest change that one of them waits for, or more.
    private var gatedThrough: UInt64 = 0
    /// A batch that could not be written.
    private var unwritten: [JobChange] = []
    private var committed: UInt64
    /// The last batch failed: requests are refused until one succeeds.
    private var isStoreDown = false
    private var waiters: [UInt64: Waiter] = [:]
    private var waiting: [JobAddress: [UInt64]] = [:]
    private var waiterCount: UInt64 = 0
    /// By the waiter of each, and in the order in which they came.
    private var looks: [UInt64: Look] = [:]
    private var looksToStart: [UInt64] = []
    private var messages: [Gated?] = []
    private var messageIndex = 0

    package init(_ queue: JobQueue, catalogue: JobCatalogue) {
        self.queue = queue
        self.catalogue = catalogue
        committed = 0
        settle()
    }

    // What is.

    package var nextDeadline: Instant? { queue.nextDeadline }

    // What happened.

    /// A line said something of jobs. `name` is that of its process. Messages that are not for a hub are ignored.
    package mutating func receive(_ message: JobMessage, from peer: UInt64, name: String, now: Instant) {
        let line = JobWorkerID(rawValue: peer)
        if peers.place(of: line) == nil { peers.insert(Peer(name: name, countedAt: now), line) }
        switch message {
        case .submit(let number, let request, let awaitsEnd):
            submit(request, number, awaitsEnd: awaitsEnd, from: peer, now: now)
        case .worker(let kinds, let slotCount, let holding):
            if let place = peers.place(of: line) { peers[at: place].isWorker = true }
            queue.workerCame(line, name: name, kinds: kinds, slotCount: slotCount, holding: holding, now: now)
        case .beat(let holding): queue.beat(line, holding, now: now)
        case .done(let held, let pages): queue.done(line, held, pages: pages, now: now)
        case .failed(let held, let reason): queue.failed(line, held, reason: reason, now: now)
        case .command(let number, let verb, let address, let limit):
            let text = JobReports.answer(verb, address, limit: limit, &queue, now: now)
            say(.report(number: number, text: text), to: peer, change: queue.changeCount)
        case .want(let number, let request, let floor):
            want(PageDemand(peer: peer, number: number, request: request, floor: floor), now: now)
        case .answer, .ended, .lease, .revoke, .report, .fetch, .page: break
        }
        settle()
    }

    /// The line is gone.
    package mutating func lost(_ peer: UInt64) {
        guard let gone = peers.removeValue(forKey: JobWorkerID(rawValue: peer)) else { return }
        if gone.isWorker { queue.workerLost(JobWorkerID(rawValue: peer)) }
        gated.removeAll { $0?.peer == peer }
        waiters = waiters.filter { $0.value.peer != peer }
        looks = looks.filter { $0.value.wish.peer != peer }
        settle()
    }

    /// The process of that name is gone for certain.
    package mutating func processEnded(_ name: String, now: Instant) {
        queue.workerEnded(name, reason: "the process of \(name) ended", now: now)
        settle()
    }

    package mutating func timePassed(now: Instant) {
        queue.timePassed(now: now)
        settle()
    }

    /// The batch up to `change` is on disk.
    package mutating func wasCommitted(through change: UInt64) {
        isStoreDown = false
        committed = change
        if gatedThrough <= change, messageIndex == messages.count {
            // Mostly it is all of them, and nothing else is to be said.
            messages.removeAll(keepingCapacity: messages.count < 4096)
            messageIndex = 0
            swap(&messages, &gated)
            return
        }
        messages += gated.filter { $0.map { $0.change <= change } ?? false }
        gated.removeAll { $0.map { $0.change <= change } ?? true }
    }

    /// The batch could not be written. It is given again by `nextBatch`; until it succeeds nothing new is taken.
    package mutating func commitFailed(_ batch: [JobChange]) {
        isStoreDown = true
        unwritten = batch
    }

    /// What the store has at the path of a `nextLook`: the page's version, nil if there is none.
    package mutating func looked(_ look: UInt64, found: PageVersion?, now: Instant) {
        // A build may have ended meanwhile; then it is told already.
        guard let wish = looks.removeValue(forKey: look)?.wish, waiters.removeValue(forKey: look) != nil else { return }
        if let found, wish.floor.map({ $0 <= found }) ?? true {
            say(.ended(number: wish.number, .done), to: wish.peer, change: 0)
        } else if !join(wish) {
            submit(wish.request, wish.number, awaitsEnd: true, from: wish.peer, now: now)
        }
        settle()
    }

    // What to do.

    /// A path whose page's version `looked` is to be told. It may be asked once what was decided before it is on disk.
    package mutating func nextLook() -> (look: UInt64, path: String)? {
        while let id = looksToStart.first {
            guard let look = looks[id], waiters[id] != nil else {
                looks[id] = nil
                looksToStart.removeFirst()
                continue
            }
            guard look.change <= committed else { return nil }
            looksToStart.removeFirst()
            return (id, look.wish.request.address.key)
        }
        return nil
    }

    /// What has to be written next, and the change it leads up to. Nil if nothing has.
    package mutating func nextBatch() -> (changes: [JobChange], through: UInt64)? {
        var changes = queue.takeChanges()
        if !unwritten.isEmpty {
            changes = unwritten + changes
            unwritten = []
        }
        return changes.isEmpty ? nil : (changes, queue.changeCount)
    }

    package mutating func nextMessage() -> (peer: UInt64, message: JobMessage)? {
        guard messageIndex < messages.count else {
            guard messageIndex > 0 else { return nil }
            messages.removeAll(keepingCapacity: messages.count < 4096)
            messageIndex = 0
            return nil
        }
        messageIndex += 1
        return messages[messageIndex - 1].take().map { ($0.peer, $0.message) }
    }

    // Private.

    private mutating func submit(
        _ request: JobRequest, _ number: UInt64, awaitsEnd: Bool, from peer: UInt64, now: Instant
    ) {
        if let reason = refusal(of: peer, awaitsEnd: awaitsEnd, now: now) {
            return refuse(number, reason, to: peer)
        }
        let receipt = queue.submit(request, now: now)
        say(.answer(number: number, receipt.answer), to: peer, change: receipt.change)
        switch receipt.answer {
        case .rejected: break
        case .queued, .merged:
            if awaitsEnd {
                keep(Waiter(peer: peer, number: number, address: request.address, after: receipt.after))
            }
        }
    }

    /// A build that waits or runs will do; else the store is looked into first.
    private mutating func want(_ wish: PageDemand, now: Instant) {
        if join(wish) { return }
        if queue.isWaiting(wish.request.address) {
            return submit(wish.request, wish.number, awaitsEnd: true, from: wish.peer, now: now)
        }
        if let reason = refusal(of: wish.peer, awaitsEnd: true, now: now) {
            return refuse(wish.number, reason, to: wish.peer)
        }
        keep(Waiter(peer: wish.peer, number: wish.number, address: wish.request.address, after: 0))
        looks[waiterCount] = Look(wish: wish, change: queue.changeCount)
        looksToStart.append(waiterCount)
    }

    /// A run that has all that the wish asks for answers it with its end.
    private mutating func join(_ wish: PageDemand) -> Bool {
        guard waiters.count < Self.waiterLimit, let (id, change) = queue.run(for: wish.request) else { return false }
        keep(Waiter(peer: wish.peer, number: wish.number, address: wish.request.address, after: 0))
        say(.answer(number: wish.number, .merged(into: id)), to: wish.peer, change: change)
        return true
    }

    private mutating func refuse(_ number: UInt64, _ reason: JobRejection, to peer: UInt64) {
        queue.refuse(reason)
        say(.answer(number: number, .rejected(reason)), to: peer, change: 0)
    }

    private mutating func refusal(of peer: UInt64, awaitsEnd: Bool, now: Instant) -> JobRejection? {
        guard !isStoreDown else { return .unavailable }
        guard !awaitsEnd || waiters.count < Self.waiterLimit else { return .full }
        guard let place = peers.place(of: JobWorkerID(rawValue: peer)) else { return nil }
        return peers[at: place].mayAsk(now: now) ? nil : .tooFast
    }

    /// A waiter stands in the list of its own address and of every broader one.
    private mutating func keep(_ waiter: Waiter) {
        waiterCount += 1
        waiters[waiterCount] = waiter
        for address in [waiter.address] + catalogue.broader(than: waiter.address) {
            waiting[address, default: []].append(waiterCount)
            if let list = waiting[address], list.count > 64 + 2 * waiters.count {
                waiting[address] = list.filter { waiters[$0] != nil }
            }
        }
    }

    private mutating func tell(_ ending: JobEnding) {
        guard !waiters.isEmpty else {
            if !waiting.isEmpty { waiting = [:] }
            return
        }
        guard let list = waiting[ending.address] else { return }
        var rest: [UInt64] = []
        for id in list {
            guard let waiter = waiters[id] else { continue }
            let isMeant = waiter.address == ending.address || ending.outcome == .done
            guard isMeant, ending.token.rawValue > waiter.after else {
                rest.append(id)
                continue
            }
            waiters[id] = nil
            say(.ended(number: waiter.number, ending.outcome), to: waiter.peer, change: ending.change)
        }
        waiting[ending.address] = rest.isEmpty ? nil : rest
    }

    private mutating func say(_ message: consuming JobMessage, to peer: UInt64, change: UInt64) {
        // What the queue still has to say belongs before it, and is counted in.
        settle()
        put(message, to: peer, change: change)
    }

    private mutating func put(_ message: consuming JobMessage, to peer: UInt64, change: UInt64) {
        let item = Gated(change: change, peer: peer, message: message)
        if change <= committed {
            messages.append(item)
        } else {
            gatedThrough = max(gatedThrough, change)
            gated.append(item)
        }
    }

    private mutating func settle() {
        while let directive = queue.nextDirective() {
            switch directive {
            case .lease(let worker, let lease): put(.lease(lease), to: worker.rawValue, change: lease.change)
            case .revoke(let worker, let token): revoke(token, from: worker.rawValue)
            case .ended(let ending): tell(ending)
            }
        }
    }

    /// A lease that was not given yet is not given at all; the worker's slot is free.
    private mutating func revoke(_ token: JobToken, from peer: UInt64) {
        let place = gated.firstIndex {
            if case .lease(let lease)? = $0?.message { lease.token == token } else { false }
        }
        if let place {
            gated.remove(at: place)
            queue.returnSlot(JobWorkerID(rawValue: peer))
        } else {
            put(.revoke(token), to: peer, change: 0)
        }
    }
}
