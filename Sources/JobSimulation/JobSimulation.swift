import Core
import State

/// The job queue in a made-up world: random requests, workers that fail, fall silent, are cut off and killed, results that come
/// late, and a hub that is killed between a decision and its commit. One seed is one history; the same seed is the same history.
package struct JobSimulation {
    /// How a history ended.
    package struct Outcome: Sendable {
        package var seed: UInt64
        /// Nil: everything held.
        package var violation: String?
        package var accepted: Int
        package var done: Int
        package var hubDeaths: Int
        package var lateResults: UInt64
        package var dead: UInt64
        package var cameBack: UInt64
    }

    private static let slotCount = 3
    private let seed: UInt64
    private let defect: JobDefect?
    private let limits: JobLimits
    private let catalogue: JobCatalogue
    private var dice: Dice
    private var now = Instant(nanoseconds: 1_000_000_000_000)
    private var order: UInt64 = 0
    private var term: UInt32 = 1
    private var queue: JobQueue
    private var store = MemoryJobStore()
    /// Decided and not committed: lost if the hub dies.
    private var uncommitted: [JobChange] = []
    private var committedCount: UInt64 = 0
    private var answers: [(change: UInt64, address: JobAddress, order: UInt64)] = []
    private var endings: [(ending: JobEnding, order: UInt64)] = []
    private var leases: [(line: JobWorkerID, lease: JobLease, at: Instant)] = []
    private var startOrders: [JobToken: UInt64] = [:]
    private var workers: [SimulatedWorker]
    private var lineCount: UInt64 = 0
    private var restartedAt: Instant
    private var checker: JobChecker
    private var hubDeaths = 0
    private var failureRate: Double
    private var totals = JobCounters()

    /// - Parameter defect: planted into the queue, to see that the checker finds it.
    package init(seed: UInt64, defect: JobDefect? = nil) throws {
        self.seed = seed
        self.defect = defect
        dice = Dice(seed: seed)
        var limits = JobLimits()
        limits.entryLimit = [8, 40, 1000][Int(seed % 3)]
        self.limits = limits
        catalogue = try Self.declared()
        queue = JobQueue(catalogue, limits: limits, term: 1, seed: seed, defect: defect, now: now)
        checker = JobChecker(catalogue)
        restartedAt = now
        failureRate = [0.05, 0.3, 0.8][Int(dice.next() % 3)]
        workers = (1...3).map { SimulatedWorker(name: "worker-\($0)") }
    }

    /// The kinds of a message board: site ⊇ board ⊇ pages, threads, catalog.
    package static func declared() throws -> JobCatalogue {
        try JobCatalogue([
            JobKind("site", shape: KeyShape("/"), deadlineClass: .front),
            JobKind("board", shape: KeyShape("/{board}"), deadlineClass: .front, within: "site"),
            JobKind("pages", shape: KeyShape("/{board}/pages"), deadlineClass: .page, within: "board"),
            JobKind("page", shape: KeyShape("/{board}/{page}"), deadlineClass: .page, within: "pages"),
            JobKind("thread", shape: KeyShape("/{board}/{thread}"), deadlineClass: .thread, within: "board"),
            JobKind("catalog", shape: KeyShape("/{board}/catalog"), deadlineClass: .catalog, within: "board"),
        ])
    }

    /// Runs `stepCount` events, then heals everything, lets the queue run empty, and judges.
    package mutating func run(stepCount: Int = 250) -> Outcome {
        var violation: String?
        do {
            for place in workers.indices { try connect(place) }
            for _ in 0..<stepCount { try step() }
            try heal()
            try checker.finish()
        } catch {
            violation = "\(error)"
        }
        add(queue.counters)
        return Outcome(
            seed: seed, violation: violation, accepted: checker.acceptedCount, done: checker.doneCount,
            hubDeaths: hubDeaths, lateResults: totals.lateResults, dead: totals.dead, cameBack: totals.cameBack)
    }

    private mutating func add(_ counters: JobCounters) {
        totals.lateResults += counters.lateResults
        totals.dead += counters.dead
        totals.cameBack += counters.cameBack
    }

    private mutating func step() throws {
        switch dice.next() % 100 {
        case 0..<30: try request()
        case 30..<62: try work(workerPlace(), mayFail: true)
        case 62..<72: try pass(.milliseconds(Int64(dice.next() % 4_000)))
        case 72..<74: try pass(.seconds(Int64(dice.next() % 40)))
        case 74..<84: try commit()
        case 84..<88: try haunt(workerPlace())
        case 88..<91: try kill(workerPlace())
        case 91..<94: workers[workerPlace()].isSilent.toggle()
        case 94..<96: try cut(workerPlace())
        case 96..<99: try connect(workerPlace())
        default: try dieAndReturn()
        }
    }

    private mutating func workerPlace() -> Int { Int(dice.next() % UInt64(workers.count)) }

    private mutating func request() throws {
        let board = ["a", "b"][Int(dice.next() % 2)]
        let number = dice.next() % 3
        let address =
            switch dice.next() % 12 {
            case 0: JobAddress("site", "/")
            case 1: JobAddress("board", "/\(board)")
            case 2: JobAddress("pages", "/\(board)/pages")
            case 3: JobAddress("catalog", "/\(board)/catalog")
            case 4...7: JobAddress("page", "/\(board)/\(number)")
            default: JobAddress("thread", "/\(board)/\(number)")
            }
        order += 1
        let receipt = queue.submit(JobRequest(address), now: now)
        switch receipt.answer {
        case .queued, .merged: answers.append((receipt.change, address, order))
        case .rejected: break
        }
        try settle()
    }

    /// A worker ends its oldest run, with a result or without.
    private mutating func work(_ place: Int, mayFail: Bool) throws {
        guard let line = workers[place].line, !workers[place].isSilent, let run = workers[place].runs.first else {
            return
        }
        workers[place].runs.removeFirst()
        let fails = mayFail && Double.random(in: 0..<1, using: &dice) < failureRate
        try report(run, on: line, fails: fails)
    }

    /// A result that should have been given up comes after all.
    private mutating func haunt(_ place: Int) throws {
        guard let line = workers[place].line, let ghost = workers[place].ghosts.popLast() else { return }
        try report(ghost, on: line, fails: false)
    }

    private mutating func report(_ run: SimulatedWorker.Run, on line: JobWorkerID, fails: Bool) throws {
        let held = JobHolding(id: run.lease.id, token: run.lease.token)
        let isTaken =
            fails
            ? queue.failed(line, held, reason: "made up", now: now)
            : queue.done(line, held, pages: [page(of: run)], now: now)
        if isTaken { try checker.taken(held, run.lease.address) }
        try settle()
    }

    private func page(of run: SimulatedWorker.Run) -> JobPage {
        JobPage(
            path: run.lease.address.key, contentType: "text/plain",
            epoch: Epoch(rawValue: UInt64(run.lease.token.term)),
            version: Version(rawValue: run.order), content: [])
    }

    /// Time passes; whoever can sends its beats.
    private mutating func pass(_ duration: Duration) throws {
        var left = duration
        while left > .zero {
            let step = min(left, .seconds(5))
            left -= step
            now = now + step
            for place in workers.indices {
                guard let line = workers[place].line, !workers[place].isSilent else { continue }
                workers[place].tell(now: now)
                queue.beat(line, workers[place].holding, now: now)
            }
            queue.timePassed(now: now)
            try settle()
        }
    }

    /// The worker's process dies and the hub sees it; another one starts in its place.
    private mutating func kill(_ place: Int) throws {
        workers[place].ghosts += workers[place].runs
        workers[place].runs = []
        workers[place].line = nil
        queue.workerEnded(workers[place].name, reason: "killed", now: now)
        try settle()
        try connect(place)
    }

    private mutating func cut(_ place: Int) throws {
        guard let line = workers[place].line else { return }
        workers[place].line = nil
        queue.workerLost(line)
        try settle()
    }

    private mutating func connect(_ place: Int) throws {
        lineCount += 1
        let line = JobWorkerID(rawValue: lineCount)
        workers[place].line = line
        workers[place].tell(now: now)
        queue.workerCame(
            line, name: workers[place].name, kinds: catalogue.kinds.map(\.name), slotCount: Self.slotCount,
            holding: workers[place].holding, now: now)
        try settle()
    }

    /// The hub dies with what it had not committed, and another one opens the store.
    private mutating func dieAndReturn() throws {
        hubDeaths += 1
        add(queue.counters)
        uncommitted = []
        answers = []
        endings = []
        leases = []
        term += 1
        restartedAt = now
        for place in workers.indices { workers[place].line = nil }
        queue = JobQueue(
            catalogue, limits: limits, term: term, seed: dice.next(), snapshot: store.load(), defect: defect, now: now)
        committedCount = 0
        try settle()
        for place in workers.indices where dice.next() % 4 != 0 { try connect(place) }
    }

    /// What was decided is on disk: answers and endings become true.
    private mutating func commit() throws {
        try store.apply(uncommitted)
        uncommitted = []
        committedCount = queue.changeCount
        for answer in answers where answer.change <= committedCount {
            checker.accepted(answer.address, order: answer.order)
        }
        answers.removeAll { $0.change <= committedCount }
        for (ending, order) in endings { checker.ended(ending.address, ending.outcome, order: order) }
        endings = []
        let given = leases
        leases = []
        for (line, lease, at) in given { try begin(lease, on: line, at: at) }
    }

    private mutating func settle() throws {
        uncommitted += queue.takeChanges()
        while let directive = queue.nextDirective() {
            switch directive {
            case .lease(let line, let lease):
                order += 1
                startOrders[lease.token] = order
                leases.append((line, lease, now))
            case .revoke(let line, let token): revoke(token, on: line)
            case .ended(let ending): endings.append((ending, startOrders[ending.token] ?? 0))
            }
        }
        guard queue.depth <= limits.entryLimit + 12 else {
            throw JobChecker.Violation("the queue is at \(queue.depth)")
        }
    }

    private mutating func begin(_ lease: JobLease, on line: JobWorkerID, at: Instant) throws {
        let others = workers.reduce(0) { count, worker in
            count + worker.runs.count { $0.lease.address == lease.address && isLegitimate($0) }
        }
        try checker.began(lease, others: others)
        guard let place = workers.firstIndex(where: { $0.line == line }) else { return }
        workers[place].runs.append(
            .init(lease: lease, order: startOrders[lease.token] ?? 0, startedAt: at, heardAt: at))
    }

    /// Whether the hub has no reason to give the run's job to another.
    private func isLegitimate(_ run: SimulatedWorker.Run) -> Bool {
        let heard = max(run.heardAt, restartedAt)
        return now.since(heard) < limits.lease && now.since(run.startedAt) < run.lease.timeLimit
    }

    private mutating func revoke(_ token: JobToken, on line: JobWorkerID) {
        leases.removeAll { $0.lease.token == token }
        guard let place = workers.firstIndex(where: { $0.line == line }),
            let run = workers[place].runs.firstIndex(where: { $0.lease.token == token })
        else { return }
        workers[place].ghosts.append(workers[place].runs.remove(at: run))
    }

    /// Everybody is back and honest; the queue has to run empty.
    private mutating func heal() throws {
        failureRate = 0
        for place in workers.indices {
            workers[place].isSilent = false
            // A new life: what its ghosts held is free again.
            try kill(place)
        }
        for _ in 0..<400 {
            try commit()
            for place in workers.indices { while !workers[place].runs.isEmpty { try work(place, mayFail: false) } }
            if queue.depth == 0 { break }
            try pass(.seconds(5))
        }
        try commit()
        guard queue.depth == 0 else { throw JobChecker.Violation("\(queue.depth) entries never ran") }
    }
}
