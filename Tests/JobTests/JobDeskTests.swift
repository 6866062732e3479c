import Core
import JobSimulation
import State
import Testing

@Suite("The desk: jobs on the hub's lines")
struct JobDeskTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private func desk(limits: JobLimits = JobLimits()) throws -> JobDesk {
        let catalogue = try JobSimulation.declared()
        return JobDesk(
            JobQueue(catalogue, limits: limits, term: 1, seed: 1, now: now), catalogue: catalogue)
    }

    private func submit(_ number: UInt64, _ key: String = "/b/1", kind: String = "page") -> JobMessage {
        .submit(number: number, JobRequest(JobAddress(kind, key)), awaitsEnd: true)
    }

    /// What was said since, as `peer: message`.
    private func said(_ desk: inout JobDesk) -> [(peer: UInt64, message: JobMessage)] {
        var list: [(peer: UInt64, message: JobMessage)] = []
        while let next = desk.nextMessage() { list.append(next) }
        return list
    }

    private func commit(_ desk: inout JobDesk) {
        if let (_, through) = desk.nextBatch() { desk.wasCommitted(through: through) }
    }

    @Test("L7: nobody is answered and no job is given out before it is on disk; completion is a separate event")
    func gates() throws {
        var desk = try desk()
        desk.receive(.worker(kinds: ["page"], slotCount: 1, holding: []), from: 9, name: "worker", now: now)
        desk.receive(submit(1), from: 5, name: "front", now: now)
        #expect(said(&desk).isEmpty)
        commit(&desk)
        let first = said(&desk)
        #expect(
            first.contains { $0.peer == 5 && $0.message == .answer(number: 1, .queued(JobID(rawValue: 1 << 40 | 1))) })
        guard case .lease(let lease)? = first.first(where: { $0.peer == 9 })?.message else { throw Unexpected() }
        let run = JobHolding(id: lease.id, token: lease.token)
        desk.receive(.done(run, pages: []), from: 9, name: "worker", now: now)
        #expect(said(&desk).isEmpty)
        commit(&desk)
        #expect(said(&desk).map(\.message) == [.ended(number: 1, .done)])
    }

    @Test(
        "L10: the end of a run is told to those who asked before it began, and to those whose narrower work it covers")
    func ends() throws {
        var desk = try desk()
        desk.receive(.worker(kinds: ["board"], slotCount: 1, holding: []), from: 9, name: "worker", now: now)
        desk.receive(submit(1, "/b", kind: "board"), from: 5, name: "front", now: now)
        commit(&desk)
        guard case .lease(let lease)? = said(&desk).first(where: { $0.peer == 9 })?.message else { throw Unexpected() }
        // These two come during the run: it is not for them.
        desk.receive(submit(2, "/b", kind: "board"), from: 5, name: "front", now: now)
        desk.receive(submit(3, "/b/1"), from: 6, name: "back", now: now)
        commit(&desk)
        _ = said(&desk)
        desk.receive(
            .done(JobHolding(id: lease.id, token: lease.token), pages: []), from: 9, name: "worker", now: now)
        commit(&desk)
        let ends = said(&desk)
        #expect(ends.contains { $0.message == .ended(number: 1, .done) })
        guard case .lease(let next)? = ends.first(where: { $0.peer == 9 })?.message else { throw Unexpected() }
        desk.receive(.done(JobHolding(id: next.id, token: next.token), pages: []), from: 9, name: "worker", now: now)
        commit(&desk)
        #expect(
            Set(said(&desk).map { "\($0.peer) \($0.message)" }) == [
                "5 \(JobMessage.ended(number: 2, .done))", "6 \(JobMessage.ended(number: 3, .done))",
            ])
    }

    private func want(_ number: UInt64, floor: UInt64? = nil) throws -> JobMessage {
        let board = try ChannelID("board/b")
        let minimums = floor.map {
            [JobMinimum(channel: board, lineage: Lineage(rawValue: 7), version: Version(rawValue: $0))]
        }
        return .want(
            number: number,
            JobRequest(JobAddress("page", "/b/1"), deadlineClass: .thread, minimums: minimums ?? []),
            floor: floor.map { PageVersion(epoch: Epoch(rawValue: 1), version: Version(rawValue: $0)) })
    }

    private func version(_ version: UInt64) -> PageVersion {
        PageVersion(epoch: Epoch(rawValue: 1), version: Version(rawValue: version))
    }

    /// The leases that were given since, and what fronts were told.
    private func told(_ desk: inout JobDesk) -> (leases: [JobLease], rest: [JobMessage]) {
        commit(&desk)
        var (leases, rest): ([JobLease], [JobMessage]) = ([], [])
        for (_, message) in said(&desk) {
            if case .lease(let lease) = message { leases.append(lease) } else { rest.append(message) }
        }
        return (leases, rest)
    }

    private func look(_ desk: inout JobDesk) throws -> UInt64 {
        guard let next = desk.nextLook() else { throw Unexpected() }
        return next.look
    }

    /// When the second front's wish comes, of a build for the first's.
    enum Moment: CaseIterable {
        case whileLooking, whileQueued, whileRunning, whenDone, whenDoneAndWritten, afterItsLook
    }

    @Test(
        "L9: a page that two fronts miss is built once, whenever the second one says so", arguments: Moment.allCases)
    func wantedTwice(moment: Moment) throws {
        var desk = try desk()
        desk.receive(try want(1), from: 5, name: "front-1", now: now)
        let next = desk.nextLook()
        let look = try #require(next)
        #expect(look.path == "/b/1")
        if moment == .whileLooking { desk.receive(try want(2), from: 6, name: "front-2", now: now) }
        var second: (look: UInt64, path: String)?
        if moment == .afterItsLook {
            desk.receive(try want(2), from: 6, name: "front-2", now: now)
            second = desk.nextLook()
            #expect(second != nil)
        }
        desk.looked(look.look, found: nil, now: now)
        if moment == .whileQueued { desk.receive(try want(2), from: 6, name: "front-2", now: now) }
        desk.receive(.worker(kinds: ["page"], slotCount: 4, holding: []), from: 9, name: "worker", now: now)
        var (leases, rest) = told(&desk)
        let lease = try #require(leases.first)
        if moment == .whileRunning { desk.receive(try want(2), from: 6, name: "front-2", now: now) }
        desk.receive(
            .done(JobHolding(id: lease.id, token: lease.token), pages: []), from: 9, name: "worker", now: now)
        if moment == .whenDone {
            desk.receive(try want(2), from: 6, name: "front-2", now: now)
            #expect(desk.nextLook() == nil, "the store has not written what was decided before")
        }
        let after = told(&desk)
        (leases, rest) = (leases + after.leases, rest + after.rest)
        if moment == .whenDoneAndWritten { desk.receive(try want(2), from: 6, name: "front-2", now: now) }
        // What a look that began before the page was written finds is nothing.
        if let second { desk.looked(second.look, found: nil, now: now) }
        while let look = desk.nextLook() { desk.looked(look.look, found: version(1), now: now) }
        let end = told(&desk)
        #expect((leases + end.leases).count == 1, "\(moment)")
        #expect(desk.queue.depth == 0)
        let ends = (rest + end.rest).filter { if case .ended(_, .done) = $0 { true } else { false } }
        #expect(Set(ends.map { "\($0)" }) == Set([1, 2].map { "\(JobMessage.ended(number: UInt64($0), .done))" }))
    }

    @Test(
        "A run that has not seen what the wish's reader has is followed by another; a stored page that is too old too")
    func wantedNewer() throws {
        var desk = try desk()
        desk.receive(.worker(kinds: ["page"], slotCount: 4, holding: []), from: 9, name: "worker", now: now)
        desk.receive(try want(1, floor: 5), from: 5, name: "front-1", now: now)
        try desk.looked(look(&desk), found: version(4), now: now)
        let leases = told(&desk).leases
        let first = try #require(leases.first)
        desk.receive(try want(2, floor: 5), from: 6, name: "front-2", now: now)
        #expect(told(&desk).rest == [.answer(number: 2, .merged(into: first.id))])
        desk.receive(try want(3, floor: 6), from: 6, name: "front-2", now: now)
        try desk.looked(look(&desk), found: version(4), now: now)
        #expect(told(&desk).leases.isEmpty)
        desk.receive(
            .done(JobHolding(id: first.id, token: first.token), pages: []), from: 9, name: "worker", now: now)
        let next = told(&desk)
        #expect(next.leases.map(\.minimums.first?.version) == [Version(rawValue: 6)])
        #expect(!next.rest.contains(.ended(number: 3, .done)))
        desk.lost(6)
        desk.lost(5)
        #expect(desk.nextLook() == nil)
    }

    @Test("While the store cannot be written requests are refused, and what was decided is written later")
    func storeDown() throws {
        var desk = try desk()
        desk.receive(submit(1), from: 5, name: "front", now: now)
        guard let (changes, _) = desk.nextBatch() else { throw Unexpected() }
        desk.commitFailed(changes)
        desk.receive(submit(2, "/b/2"), from: 5, name: "front", now: now)
        #expect(said(&desk).map(\.message) == [.answer(number: 2, .rejected(.unavailable))])
        guard let (again, through) = desk.nextBatch() else { throw Unexpected() }
        #expect(again == changes)
        desk.wasCommitted(through: through)
        #expect(said(&desk).count == 1)
        desk.receive(submit(3, "/b/3"), from: 5, name: "front", now: now)
        commit(&desk)
        #expect(said(&desk).count == 1)
    }

    @Test("L18: one node may ask only so fast; others are not held up by it")
    func rate() throws {
        var desk = try desk()
        for number in 0..<UInt64(JobDesk.burst + 10) { desk.receive(submit(number), from: 5, name: "front", now: now) }
        desk.receive(submit(7, "/b/2"), from: 6, name: "back", now: now)
        commit(&desk)
        let refused = said(&desk).filter { $0.message.isRefusal }
        #expect(refused.count == 10 && refused.allSatisfy { $0.peer == 5 })
    }

    @Test("L16: with all workers away nothing is lost and the queue answers rejected(full) at its cap")
    func capped() throws {
        var limits = JobLimits()
        limits.entryLimit = 100
        let catalogue = try JobCatalogue([JobKind("page", shape: KeyShape("{key}"))])
        var desk = JobDesk(
            JobQueue(catalogue, limits: limits, term: 1, seed: 1, now: now), catalogue: catalogue)
        for number in 0..<1_000 as Range<UInt64> {
            desk.receive(submit(number, "\(number)"), from: 5, name: "front", now: now)
        }
        #expect(desk.queue.depth == 100)
        commit(&desk)
        #expect(said(&desk).filter { $0.message.isRefusal }.count == 900)
    }

    @Test("Operators are answered in JSON, and an unknown address with nothing")
    func operators() throws {
        var desk = try desk()
        desk.receive(submit(1), from: 5, name: "front", now: now)
        let wishes: [(JobVerb, String)] = [(.show, "/b/9"), (.list, ""), (.drop, "/b/1"), (.drain, ""), (.resume, "")]
        for (verb, key) in wishes {
            desk.receive(
                .command(number: 1, verb, JobAddress("page", key), limit: 10), from: 7, name: "tool", now: now)
        }
        commit(&desk)
        let texts = said(&desk).compactMap { message -> String? in
            if case .report(_, let text) = message.message { text } else { nil }
        }
        #expect(texts.count == 5)
        #expect(texts[0].isEmpty)
        #expect(texts[1].contains("\"key\":\"/b/1\"") && texts[1].contains("\"depth\":1"))
        #expect(Array(texts[2...]) == ["{\"dropped\":true}", "{\"draining\":true}", "{\"draining\":false}"])
    }

    @Test("Every message survives its bytes, and with any byte changed it is an error or another message")
    func bytes() throws {
        let held = JobHolding(id: JobID(rawValue: 1 << 40 | 1), token: JobToken(rawValue: 1 << 40 | 2))
        let page = JobPage(
            path: "/b/1", contentType: "text/html", epoch: Epoch(rawValue: 3), version: Version(rawValue: 4),
            content: [5])
        let minimum = JobMinimum(
            channel: try ChannelID("board/b"), lineage: Lineage(rawValue: 7), version: Version(rawValue: 8))
        let request = JobRequest(
            JobAddress("page", "/b/1"), payload: [1, 2], deadlineClass: .catalog, minimums: [minimum])
        let messages: [JobMessage] = [
            .submit(number: 1, request, awaitsEnd: true), .answer(number: 1, .queued(held.id)),
            .answer(number: 1, .merged(into: held.id)), .answer(number: 1, .rejected(.full)), .ended(number: 2, .done),
            .ended(number: 2, .dead(error: "no")), .ended(number: 2, .dropped),
            .worker(kinds: ["page", "board"], slotCount: 4, holding: [held]), .revoke(held.token), .beat([held]),
            .done(held, pages: [page]), .failed(held, reason: "no"),
            .command(number: 3, .retry, request.address, limit: 10), .report(number: 3, text: "{}"),
            .fetch(number: 4, path: "/b/1"), .page(number: 4, page), .page(number: 4, nil),
            .want(number: 5, JobRequest(request.address, minimums: [minimum]), floor: nil),
            .want(number: 5, JobRequest(request.address), floor: version(2)),
        ]
        for message in messages {
            var writer = ByteWriter()
            message.encode(into: &writer)
            #expect(try Self.read(writer.bytes) == message)
            for place in writer.bytes.indices {
                var broken = writer.bytes
                broken[place] ^= 0x11
                // Either is fine; a trap would end the test.
                _ = try? Self.read(broken)
                #expect(throws: WireError.self) { try Self.read(Array(writer.bytes[..<place])) }
            }
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> JobMessage {
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let message = try JobMessage(from: &reader)
            try reader.end()
            return message
        }
    }
}

extension JobMessage {
    fileprivate var isRefusal: Bool {
        if case .answer(_, .rejected) = self { true } else { false }
    }
}
