import Core
import Testing

@Suite("Leases of jobs")
struct JobLeaseTests {
    @Test("L12: a worker has as many jobs as it has slots, and the next when one ends")
    func credit() throws {
        var stage = try JobStage()
        for number in 0..<10 { try stage.submit("page", "/b/\(number)") }
        let worker = try stage.worker("one", slots: 2)
        try stage.worker("two", slots: 3)
        var given: [JobWorkerID: Int] = [:]
        while let (to, _) = stage.next() { given[to, default: 0] += 1 }
        #expect(given.values.sorted() == [2, 3])
        // A late result frees its slot as well.
        _ = try stage.operate {
            $0.done(worker, JobHolding(id: JobID(rawValue: 1), token: JobToken(rawValue: 1)), pages: [], now: $1)
        }
        #expect(stage.next()?.worker == worker)
        #expect(stage.next() == nil)
    }

    @Test("L6: a worker gets only what it serves, whatever waits before it")
    func kinds() throws {
        var stage = try JobStage()
        try stage.submit("thread", "/b/1")
        try stage.submit("page", "/b/1")
        try stage.worker(kinds: ["page"])
        #expect(try stage.runAll() == ["page /b/1"])
        try stage.worker("other")
        #expect(try stage.runAll() == ["thread /b/1"])
    }

    @Test(
        "L13: five attempts, each later and at another worker if there is one, then a dead letter with the last error")
    func attempts() throws {
        var stage = try JobStage()
        try stage.worker("one")
        try stage.worker("two")
        try stage.submit("page", "/b/1")
        var workers: [JobWorkerID] = []
        for attempt in 1...5 {
            guard let (worker, lease) = stage.next() else { throw Unexpected() }
            workers.append(worker)
            #expect(lease.attempt == attempt)
            try stage.fail(worker, lease, "error \(attempt)")
            #expect(stage.next() == nil)
            // 1, 2, 4, 8 s, a quarter more at most.
            let wait = Double(1 << (attempt - 1))
            try stage.pass(.milliseconds(Int(wait * 700)))
            #expect(stage.next() == nil)
            if attempt < 5 { try stage.pass(.milliseconds(Int(wait * 600))) }
        }
        #expect(zip(workers, workers.dropFirst()).allSatisfy { $0 != $1 })
        let letters = stage.store.load().deadLetters
        #expect(letters.map(\.record.lastError) == ["error 5"])
        #expect(stage.store.load().records.isEmpty && stage.queue.depth == 0)
        // It is tried again when somebody says so, from the first attempt.
        #expect(try stage.operate { $0.retry(JobAddress("page", "/b/1"), now: $1) } == .changed)
        #expect(stage.next()?.lease.attempt == 1)
        #expect(stage.store.load().deadLetters.isEmpty)
    }

    @Test("L15: a run beyond its kind's limit is given to another; the late result is fenced by its token")
    func timeLimit() throws {
        var stage = try JobStage()
        let stuck = try stage.worker("stuck")
        try stage.submit("page", "/b/1")
        guard let (_, first) = stage.next() else { throw Unexpected() }
        try stage.worker("other")
        for _ in 0..<2 {
            try stage.pass(.seconds(14))
            _ = try stage.operate { $0.beat(stuck, [JobHolding(id: first.id, token: first.token)], now: $1) }
        }
        #expect(stage.revoked.isEmpty)
        try stage.pass(.seconds(3))
        #expect(stage.revoked == [first.token])
        try stage.pass(.seconds(2))
        guard let (other, second) = stage.next() else { throw Unexpected() }
        #expect(second.attempt == 2 && second.id == first.id && other != stuck)
        let page = JobPage(
            path: "/b/1", contentType: "", epoch: Epoch(rawValue: 1), version: Version(rawValue: 1), content: [1])
        #expect(try !stage.done(stuck, first, pages: [page]))
        #expect(stage.store.page("/b/1") == nil)
        #expect(try stage.done(other, second, pages: [page]))
        #expect(stage.store.page("/b/1") == page)
        #expect(stage.queue.counters.lateResults == 1 && stage.queue.counters.timedOut == 1)
    }

    @Test("L15: a worker that never answers holds up only its own job, and that for 30 s")
    func silent() throws {
        var stage = try JobStage()
        let silent = try stage.worker("silent")
        try stage.submit("thread", "/b/held")
        guard let (_, held) = stage.next() else { throw Unexpected() }
        let good = try stage.worker("good")
        for number in 0..<20 { try stage.submit("page", "/b/\(number)") }
        #expect(try stage.runAll().count == 20)
        try stage.pass(.seconds(29))
        #expect(stage.next() == nil)
        try stage.pass(.seconds(3))
        try stage.pass(.seconds(2))
        guard let (worker, lease) = stage.next() else { throw Unexpected() }
        #expect(worker == good && lease.address == held.address && worker != silent)
    }

    @Test("A worker that is gone for certain gives its jobs back at once; one whose line is away keeps them")
    func lost() throws {
        var stage = try JobStage()
        let worker = try stage.worker("one", slots: 2)
        try stage.submit("page", "/b/1")
        try stage.submit("page", "/b/2")
        let runs = [stage.next(), stage.next()].compactMap { $0?.lease }
        _ = try stage.operate { queue, _ in queue.workerLost(worker) }
        try stage.pass(.seconds(20))
        let back = try stage.worker("one", slots: 2, holding: [JobHolding(id: runs[0].id, token: runs[0].token)])
        // The other run was lost on the way, and is tried again.
        try stage.pass(.seconds(2))
        #expect(stage.next()?.lease.address == runs[1].address)
        #expect(try stage.done(back, runs[0]))
        _ = try stage.operate { $0.workerEnded("one", reason: "killed", now: $1) }
        try stage.worker("two")
        try stage.pass(.seconds(3))
        #expect(stage.next()?.lease.attempt == 3)
    }

    @Test("L14: after a restart of the hub workers report their runs, and what nobody reports waits 30 s")
    func restart() throws {
        var stage = try JobStage()
        try stage.worker("one", slots: 2)
        for key in ["/b/1", "/b/2", "/b/3"] { try stage.submit("page", key) }
        guard let (_, run) = stage.next() else { throw Unexpected() }
        try stage.restart()
        let worker = try stage.worker("one", slots: 4, holding: [JobHolding(id: run.id, token: run.token)])
        try stage.submit("page", "/b/4")
        #expect(stage.next()?.lease.address.key == "/b/4")
        try stage.pass(.seconds(29))
        #expect(stage.next() == nil)
        #expect(try stage.done(worker, run))
        try stage.pass(.seconds(2))
        #expect([stage.next(), stage.next()].compactMap { $0?.lease.address.key } == ["/b/2", "/b/3"])
        #expect(stage.next() == nil)
        // A run of before that was given to nobody since is not current any more.
        let late = JobHolding(id: run.id, token: run.token)
        #expect(try !stage.operate { $0.done(worker, late, pages: [], now: $1) })
    }

    @Test("Operators drop, and drain: nothing new is taken and what is there is finished")
    func operators() throws {
        var stage = try JobStage()
        try stage.submit("page", "/b/1")
        try stage.submit("page", "/b/2")
        #expect(try stage.operate { $0.drop(JobAddress("page", "/b/1"), now: $1) } == .changed)
        #expect(try stage.operate { $0.drop(JobAddress("page", "/b/1"), now: $1) } == .unknown)
        _ = try stage.operate { queue, _ in queue.drain() }
        #expect(try stage.submit("page", "/b/3") == .rejected(.draining))
        try stage.worker()
        #expect(try stage.runAll() == ["page /b/2"])
        _ = try stage.operate { queue, _ in queue.resume() }
        guard case .queued = try stage.submit("page", "/b/3") else { throw Unexpected() }
    }
}

@Suite("Kinds of jobs")
struct JobCatalogueTests {
    @Test("A declaration that cannot work is refused with what is wrong")
    func invalid() throws {
        func refused(_ kinds: [JobKind]) -> JobCatalogue.Invalid? {
            do throws(JobCatalogue.Invalid) {
                _ = try JobCatalogue(kinds)
                return nil
            } catch { return error }
        }
        let (one, two) = (try KeyShape("/{a}"), try KeyShape("/{a}/{b}"))
        #expect(refused([JobKind("a b", shape: one)]) == .name("a b"))
        #expect(refused([JobKind("a", shape: one), JobKind("a", shape: two)]) == .twice("a"))
        #expect(refused([JobKind("a", shape: one, within: "b")]) == .unknownParent("b", of: "a"))
        #expect(refused([JobKind("a", shape: one, within: "a")]) == .circular("a"))
        #expect(
            refused([JobKind("a", shape: one, within: "b"), JobKind("b", shape: two)]) == .missingNames("b", of: "a"))
        #expect(throws: KeyShape.Invalid.self) { try KeyShape("/{a}/{a}") }
        #expect(throws: KeyShape.Invalid.self) { try KeyShape("/x{a}") }
    }
}

@Suite("Found by the simulator")
struct JobFoundTests {
    @Test(
        "Seed 202: a run of before that was given to another since is not current again after a second restart of the hub"
    )
    func secondRestart() throws {
        var stage = try JobStage()
        try stage.worker("one")
        try stage.submit("page", "/b/1")
        guard let (_, old) = stage.next() else { throw Unexpected() }
        try stage.restart()
        try stage.pass(.seconds(31))
        // This request is merged into an entry that waits again, so the old run does not count for it.
        try stage.submit("page", "/b/1")
        try stage.restart()
        let one = try stage.worker("one", holding: [JobHolding(id: old.id, token: old.token)])
        #expect(stage.revoked.contains(old.token))
        #expect(try !stage.done(one, old))
        try stage.pass(.seconds(31))
        #expect(stage.next()?.lease.id == old.id)
    }
}
