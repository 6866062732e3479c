import Core
import JobSimulation

/// The queue with a clock of its own, and what it said taken apart.
struct JobStage {
    var queue: JobQueue
    var now = Instant(nanoseconds: 1_000_000_000_000)
    let store = MemoryJobStore()
    private(set) var leases: [(worker: JobWorkerID, lease: JobLease)] = []
    private(set) var endings: [JobEnding] = []
    private(set) var revoked: [JobToken] = []
    private var lineCount: UInt64 = 0
    private var term: UInt32 = 1
    private let limits: JobLimits

    init(limits: JobLimits = JobLimits(), kinds: [JobKind]? = nil) throws {
        self.limits = limits
        let catalogue = try kinds.map { try JobCatalogue($0) } ?? JobSimulation.declared()
        queue = JobQueue(catalogue, limits: limits, term: 1, seed: 1, now: now)
    }

    /// The hub is killed; another one opens the store.
    mutating func restart() throws {
        term += 1
        queue = JobQueue(
            try JobSimulation.declared(), limits: limits, term: term, seed: 1, snapshot: store.load(), now: now)
        try take()
        leases = []
    }

    @discardableResult
    mutating func submit(_ kind: String, _ key: String, minimums: [JobMinimum] = []) throws -> JobAnswer {
        let receipt = queue.submit(JobRequest(JobAddress(kind, key), minimums: minimums), now: now)
        try take()
        return receipt.answer
    }

    /// A worker for everything, or for some kinds.
    @discardableResult
    mutating func worker(
        _ name: String = "worker", slots: Int = 1, kinds: [String]? = nil, holding: [JobHolding] = []
    ) throws -> JobWorkerID {
        lineCount += 1
        let id = JobWorkerID(rawValue: lineCount)
        queue.workerCame(
            id, name: name, kinds: kinds ?? ["site", "board", "pages", "page", "thread", "catalog"], slotCount: slots,
            holding: holding, now: now)
        try take()
        return id
    }

    /// The oldest lease that was given and not looked at.
    mutating func next() -> (worker: JobWorkerID, lease: JobLease)? { leases.isEmpty ? nil : leases.removeFirst() }

    /// Runs everything that is given out until nothing is, and answers the addresses in their order.
    mutating func runAll() throws -> [String] {
        var order: [String] = []
        while let (worker, lease) = next() {
            order.append("\(lease.address)")
            try done(worker, lease)
        }
        return order
    }

    @discardableResult
    mutating func done(_ worker: JobWorkerID, _ lease: JobLease, pages: [JobPage] = []) throws -> Bool {
        let isTaken = queue.done(worker, JobHolding(id: lease.id, token: lease.token), pages: pages, now: now)
        try take()
        return isTaken
    }

    mutating func fail(_ worker: JobWorkerID, _ lease: JobLease, _ reason: String = "no") throws {
        queue.failed(worker, JobHolding(id: lease.id, token: lease.token), reason: reason, now: now)
        try take()
    }

    /// Time passes, without a word from anybody.
    mutating func pass(_ duration: Duration) throws {
        now = now + duration
        queue.timePassed(now: now)
        try take()
    }

    mutating func operate<T>(_ body: (inout JobQueue, Instant) -> T) throws -> T {
        let answer = body(&queue, now)
        try take()
        return answer
    }

    mutating func takeEndings() -> [JobEnding] {
        defer { endings = [] }
        return endings
    }

    private mutating func take() throws {
        for change in queue.takeChanges() { try store.apply([change]) }
        while let directive = queue.nextDirective() {
            switch directive {
            case .lease(let worker, let lease): leases.append((worker, lease))
            case .revoke(_, let token): revoked.append(token)
            case .ended(let ending): endings.append(ending)
            }
        }
    }
}
