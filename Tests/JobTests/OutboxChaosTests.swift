import Core
import State
import Testing

/// Counts, and now and then has one of a few pages built.
private struct Restless: Processor {
    let rows: Table<Int, Count>

    struct Count: Row {
        var count: Int32 = 0
        static let schema = Schema<Count>(.field("count", \.count))
    }

    init(_ state: inout State) { rows = state.table("rows") }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            guard case .answered(let it) = event else { continue }
            rows[Int(it.id.rawValue), default: Count()].count += it.answer.isLast ? 1000 : 1
        }
        guard tick.number <= 60 else { return }
        rows[0, default: Count()].count += 1
        for key in 0..<4 where Int.random(in: 0..<3, using: &tick.dice) == 0 { tick.submit(.page("/b/\(key)")) }
        if tick.number % 16 == 0 { _ = tick.ask(Work("page", "/b/ask\(tick.number)")) }
    }
}

@Suite("An outbox, its line and the hub's desk, under faults")
struct OutboxChaosTests {
    /// A back, a hub with its store, a worker, and the bytes between them, which a seed loses and holds up.
    private struct Stage {
        var back: BackCore
        var desk: JobDesk
        let catalogue: JobCatalogue
        let store = MemoryJobStore()
        var dice: Dice
        var now = Instant(nanoseconds: 1_000_000_000)
        var term: UInt32 = 1
        var toHub: [JobMessage] = []
        var toBack: [JobMessage] = []
        var leases: [JobLease] = []
        /// The last version that a page was asked for from, and the newest that one was built from.
        var asked: [String: UInt64] = [:]
        var built: [String: UInt64] = [:]

        init(seed: UInt64) throws {
            dice = Dice(seed: seed)
            let key = try #require(ClusterKey(bytes: Array(repeating: 9, count: 32)))
            back = BackCore(
                identity: .init(
                    name: "back-1", incarnation: Incarnation(rawValue: 1), epoch: Epoch(rawValue: 1), key: key),
                families: [
                    ChannelFamily(pattern: try FamilyPattern("room"), type: Restless.self, settings: ChannelSettings())
                ], seed: seed)
            try back.openChannel(try ChannelID("room"), now: now)
            catalogue = try JobCatalogue([JobKind("page", shape: KeyShape("/b/{page}"))])
            desk = JobDesk(JobQueue(catalogue, term: 1, seed: seed, now: now), catalogue: catalogue)
            back.hubOpened()
        }

        mutating func roll(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &dice) == 0 }

        mutating func tick() {
            now = now + .milliseconds(50)
            _ = back.tick(now: now)
            _ = back.tickByHand("room", now: now)
            while let directive = back.nextDirective() {
                guard case .job(let message) = directive else { continue }
                toHub.append(message)
                guard case .submit(_, let request, _) = message else { continue }
                let version = request.minimums.first?.version.rawValue ?? 0
                asked[request.address.key] = max(version, asked[request.address.key] ?? 0)
            }
        }

        mutating func hub() {
            if !toHub.isEmpty {
                let message = toHub.removeFirst()
                if case .fetch(let number, _) = message {
                    toBack.append(.page(number: number, nil))
                } else {
                    desk.receive(message, from: 1, name: "back-1", now: now)
                }
            }
            if roll(3), let (changes, through) = desk.nextBatch() {
                do throws(JobStoreError) { try store.apply(changes) } catch { Issue.record("\(error)") }
                desk.wasCommitted(through: through)
            }
            desk.timePassed(now: now)
            while let (peer, message) = desk.nextMessage() {
                if case .lease(let lease) = message {
                    leases.append(lease)
                } else if peer == 1 {
                    toBack.append(message)
                }
            }
            while let look = desk.nextLook() { desk.looked(look.look, found: nil, now: now) }
            if !toBack.isEmpty { back.heard(toBack.removeFirst(), now: now) }
            if roll(4), !leases.isEmpty { finish(leases.removeFirst()) }
        }

        mutating func finish(_ lease: JobLease) {
            let key = lease.address.key
            built[key] = max(built[key] ?? 0, lease.minimums.first?.version.rawValue ?? 0)
            desk.receive(
                .done(JobHolding(id: lease.id, token: lease.token), pages: []), from: 2, name: "worker", now: now)
        }

        /// The line breaks, or the hub dies with all that is not in its store.
        mutating func fail(hubDies: Bool) {
            (toHub, toBack) = ([], [])
            back.hubClosed()
            desk.lost(1)
            if hubDies {
                term += 1
                leases = []
                let snapshot = store.load()
                desk = JobDesk(
                    JobQueue(catalogue, term: term, seed: UInt64(term), snapshot: snapshot, now: now),
                    catalogue: catalogue)
            }
            worker()
            back.hubOpened()
        }

        mutating func worker() {
            desk.receive(
                .worker(
                    kinds: ["page"], slotCount: 2,
                    holding: leases.map { JobHolding(id: $0.id, token: $0.token) }), from: 2, name: "worker", now: now)
        }
    }

    @Test("G7: whatever a tick asked for is built from its version or a later one, over lost lines and dead hubs")
    func nothingLost() throws {
        for seed in 0..<60 as Range<UInt64> {
            var stage = try Stage(seed: seed)
            stage.worker()
            for round in 0..<400 {
                if round % 5 == 0 { stage.tick() }
                stage.hub()
                if stage.roll(40) { stage.fail(hubDies: stage.roll(2)) }
            }
            for _ in 0..<20_000 where stage.back.outboxCount > 0 || stage.desk.queue.depth > 0 {
                stage.tick()
                for _ in 0..<4 { stage.hub() }
            }
            #expect(stage.back.outboxCount == 0, "seed \(seed)")
            #expect(stage.desk.queue.depth == 0, "seed \(seed)")
            for (key, version) in stage.asked {
                #expect(stage.built[key] ?? 0 >= version, "seed \(seed): \(key) of version \(version)")
            }
        }
    }
}
