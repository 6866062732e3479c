import Core
import Testing

@Suite("The job queue")
struct JobQueueTests {
    @Test(
        "L7, L8: a request is queued, a second one for the same key is merged into it, and one that makes no sense is rejected"
    )
    func answers() throws {
        var stage = try JobStage()
        guard case .queued(let id) = try stage.submit("page", "/b/1") else { throw Unexpected() }
        #expect(try stage.submit("page", "/b/1") == .merged(into: id))
        #expect(stage.queue.depth == 1)
        let wrong: [(String, String, JobRejection)] = [
            ("nothing", "/b/1", .unknownKind), ("page", "/b/1/2", .keyOutsideShape), ("page", "b/1", .keyOutsideShape),
            ("page", "/b/", .keyOutsideShape), ("site", "/b", .keyOutsideShape), ("page", "/b/\u{1}", .keyOutsideShape),
        ]
        for (kind, key, reason) in wrong { #expect(try stage.submit(kind, key) == .rejected(reason)) }
        #expect(stage.queue.depth == 1)
    }

    @Test(
        "L9, L10: 1,000 requests during a build are one more build, which starts after the last",
        arguments: ["site /", "board /b", "pages /b/pages", "page /b/1", "thread /b/1", "catalog /b/catalog"],
        [false, true])
    func again(address: String, hubDies: Bool) throws {
        let parts = address.split(separator: " ").map(String.init)
        var stage = try JobStage()
        try stage.submit(parts[0], parts[1])
        var worker = try stage.worker(slots: 4)
        guard let (_, first) = stage.next() else { throw Unexpected() }
        for count in 0..<1_000 {
            guard count != 500 || !hubDies else {
                // In between the hub is killed; the worker comes back with its run.
                try stage.restart()
                worker = try stage.worker(slots: 4, holding: [JobHolding(id: first.id, token: first.token)])
                continue
            }
            try stage.submit(parts[0], parts[1])
        }
        #expect(stage.next() == nil)
        let last = stage.queue.latestNumber
        #expect(try stage.done(worker, first))
        guard let (_, second) = stage.next() else { throw Unexpected() }
        #expect(second.address == first.address)
        #expect(second.token.rawValue > last)
        #expect(try stage.done(worker, second))
        try stage.pass(.seconds(120))
        #expect(stage.next() == nil && stage.queue.depth == 0 && stage.store.load() == JobSnapshot())
    }

    @Test("L11: the classes run in the order of their deadlines, and those of one class in the order of their requests")
    func order() throws {
        var stage = try JobStage()
        for (kind, key) in [
            ("board", "/x"), ("page", "/b/1"), ("catalog", "/b/catalog"), ("page", "/b/0"), ("thread", "/b/9"),
        ] { try stage.submit(kind, key) }
        try stage.worker()
        #expect(
            try stage.runAll() == ["thread /b/9", "catalog /b/catalog", "page /b/1", "page /b/0", "board /x"])
    }

    @Test("L11: delays can be set for a kind and for a class, and a request may name its class")
    func delays() throws {
        var limits = JobLimits()
        limits.delays[DeadlineClass.page.rawValue] = .seconds(1)
        var stage = try JobStage(
            limits: limits,
            kinds: [
                JobKind("slow", shape: KeyShape("{key}"), delay: .seconds(90)),
                JobKind("page", shape: KeyShape("{key}")),
                JobKind("catalog", shape: KeyShape("{key}"), deadlineClass: .catalog),
            ])
        for kind in ["slow", "catalog", "page"] { try stage.submit(kind, "a") }
        let request = JobRequest(JobAddress("slow", "b"), deadlineClass: .thread)
        _ = try stage.operate { $0.submit(request, now: $1) }
        try stage.worker(kinds: ["slow", "page", "catalog"])
        #expect(try stage.runAll() == ["slow b", "page a", "catalog a", "slow a"])
    }

    @Test("L11: no starvation: under a flood of urgent work a job begins before anything asked for after its deadline")
    func noStarvation() throws {
        var stage = try JobStage()
        try stage.worker()
        try stage.submit("thread", "/b/first")
        try stage.submit("board", "/x")
        var builtAt: Int?
        for second in 0..<120 where builtAt == nil {
            // Two urgent requests for each that is done: the backlog only grows.
            for part in ["a", "b"] { try stage.submit("thread", "/b/\(second)\(part)") }
            guard let (worker, lease) = stage.next() else { throw Unexpected() }
            if lease.address.kind == "board" { builtAt = second }
            try stage.done(worker, lease)
            try stage.pass(.seconds(1))
        }
        // 120 urgent jobs were asked for before its deadline at 60 s; those, and the first, may go before it, not one more.
        #expect(builtAt == nil)
        var before = 0
        while let (worker, lease) = stage.next(), lease.address.kind != "board" {
            before += 1
            try stage.submit("thread", "/b/late\(before)")
            try stage.done(worker, lease)
        }
        #expect(before <= 2)
    }

    @Test(
        "L8: a broad job takes in the narrower ones that wait and keeps the earliest deadline; a narrower one merges into it"
    )
    func absorbs() throws {
        var stage = try JobStage()
        for (kind, key) in [("page", "/b/1"), ("thread", "/b/7"), ("catalog", "/b/catalog"), ("page", "/c/1")] {
            try stage.submit(kind, key)
        }
        try stage.submit("catalog", "/c/catalog")
        guard case .queued(let board) = try stage.submit("board", "/b") else { throw Unexpected() }
        #expect(stage.queue.depth == 3)
        #expect(try stage.submit("page", "/b/2") == .merged(into: board))
        #expect(try stage.submit("pages", "/b/pages") == .merged(into: board))
        #expect(stage.queue.counters.absorbed == 3)
        try stage.worker()
        // The thread's deadline is now the board's.
        #expect(try stage.runAll() == ["board /b", "catalog /c/catalog", "page /c/1"])
        #expect(stage.store.load() == JobSnapshot())
    }

    @Test("L8: site takes in board, which took in pages, which took in a page: one run does them all")
    func absorbsDeeply() throws {
        var stage = try JobStage()
        for (kind, key) in [("page", "/b/1"), ("pages", "/b/pages"), ("board", "/b"), ("site", "/")] {
            try stage.submit(kind, key)
        }
        #expect(stage.queue.depth == 1)
        #expect(stage.store.load().records.count == 4)
        try stage.worker()
        #expect(try stage.runAll() == ["site /"])
        #expect(stage.store.load() == JobSnapshot())
    }

    @Test("An absorbed job comes back if its absorber dies, also after a restart of the hub", arguments: [false, true])
    func comesBack(hubDies: Bool) throws {
        var stage = try JobStage()
        try stage.submit("page", "/b/1")
        try stage.submit("board", "/b")
        try stage.submit("page", "/b/2")
        if hubDies {
            try stage.restart()
            try stage.pass(.seconds(31))
        }
        try stage.worker()
        for attempt in 1...5 {
            guard let (worker, lease) = stage.next() else { throw Unexpected() }
            #expect(lease.address == JobAddress("board", "/b") && lease.attempt == attempt)
            try stage.fail(worker, lease, "no such board")
            if attempt < 5 { try stage.pass(.seconds(60)) }
        }
        #expect(stage.queue.counters.dead == 1)
        #expect(stage.takeEndings().map(\.outcome) == [.dead(error: "no such board")])
        #expect(try stage.runAll() == ["page /b/1", "page /b/2"])
    }

    @Test("A request for narrow work during the run of a broad job is a run of its own")
    func narrowDuringBroad() throws {
        var stage = try JobStage()
        try stage.submit("board", "/b")
        try stage.worker(slots: 2)
        guard let (worker, board) = stage.next() else { throw Unexpected() }
        try stage.submit("page", "/b/1")
        guard let (_, page) = stage.next() else { throw Unexpected() }
        #expect(page.address == JobAddress("page", "/b/1"))
        #expect(try stage.done(worker, board))
        #expect(try stage.done(worker, page))
    }

    @Test(
        "L16: at the cap a request is merged upward, and rejected where there is nothing broader; the queue never grows past it"
    )
    func full() throws {
        var limits = JobLimits()
        limits.entryLimit = 10
        var stage = try JobStage(limits: limits)
        for number in 0..<10 { try stage.submit("page", "/b/\(number)") }
        #expect(stage.queue.depth == 10)
        // No board of that name waits below: nothing to merge with but all of the site.
        guard case .merged(let pages) = try stage.submit("page", "/b/10") else { throw Unexpected() }
        #expect(stage.queue.depth == 1 && stage.queue.counters.mergedUpward == 1)
        #expect(
            stage.queue.lines(limit: 99, now: stage.now).contains {
                $0.record.id == pages && $0.record.address.kind == "pages"
            })

        var flat = try JobStage(limits: limits, kinds: [JobKind("alone", shape: KeyShape("{key}"))])
        for number in 0..<1_000 {
            let answer = try flat.submit("alone", "\(number)")
            #expect(number < 10 || answer == .rejected(.full))
        }
        #expect(flat.queue.depth == 10)
        #expect(flat.queue.counters.rejected[Int(JobRejection.full.rawValue) - 1] == 990)
        // All of it is still there when workers come.
        try flat.worker(kinds: ["alone"])
        #expect(try flat.runAll().count == 10)
    }

    @Test("L16: what is absorbed is bounded too; beyond it a broad job only counts what it stands for")
    func absorbedLimit() throws {
        var limits = JobLimits()
        limits.absorbedLimit = 5
        var stage = try JobStage(limits: limits)
        for number in 0..<20 { try stage.submit("thread", "/b/\(number)") }
        try stage.submit("board", "/b")
        for number in 20..<40 { try stage.submit("thread", "/b/\(number)") }
        let records = stage.store.load().records
        #expect(records.count == 6)
        #expect(records.first { $0.address.kind == "board" }?.coveredCount == 35)
    }

    @Test("A later request's payload and minimum version are what the run gets")
    func merges() throws {
        let channel = try ChannelID("board/b")
        func minimum(_ version: UInt64) -> JobMinimum {
            JobMinimum(channel: channel, lineage: Lineage(rawValue: 1), version: Version(rawValue: version))
        }
        var stage = try JobStage()
        for version in [4, 9, 7] as [UInt64] { try stage.submit("page", "/b/1", minimums: [minimum(version)]) }
        try stage.submit("board", "/b", minimums: [minimum(8)])
        try stage.worker()
        #expect(stage.next()?.lease.minimums == [minimum(9)])
    }
}

struct Unexpected: Error {}
