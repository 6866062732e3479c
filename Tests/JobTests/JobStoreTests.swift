import Core
import Foundation
import Jobs
import Testing

/// A store to be tested, and a way to open what it keeps once more.
enum StoreKind: CaseIterable, CustomTestStringConvertible {
    case memory, sqlite

    var testDescription: String { self == .memory ? "memory" : "SQLite" }

    func run(_ body: (_ open: () throws -> any JobStore) throws -> Void) throws {
        switch self {
        case .memory:
            let store = MemoryJobStore()
            try body { store }
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try body { try SQLiteJobStore(path: folder.path + "/jobs.sqlite", wallOffset: 5) }
        }
    }
}

@Suite("What every job store does")
struct JobStoreTests {
    private func record(_ id: UInt64, _ key: String = "/b/1", absorbedBy: JobID? = nil) throws -> JobRecord {
        JobRecord(
            id: JobID(rawValue: id), address: JobAddress("page", key), deadlineClass: .catalog,
            deadline: Instant(nanoseconds: 77), submittedAt: Instant(nanoseconds: 7), payload: [1, 0, 255],
            minimums: [
                JobMinimum(
                    channel: try ChannelID("board/b"), lineage: Lineage(rawValue: .max), version: Version(rawValue: 9))
            ], attemptCount: 3, coveredCount: 4, lastError: "it broke: \u{e9}\"'", absorbedBy: absorbedBy,
            fence: JobToken(rawValue: 77))
    }

    private func page(_ version: UInt64, epoch: UInt64 = 1, _ text: String) -> JobPage {
        JobPage(
            path: "/b/1", contentType: "text/html", epoch: Epoch(rawValue: epoch), version: Version(rawValue: version),
            content: Array(text.utf8))
    }

    @Test("What was applied is loaded again, field by field, in the order of ids", arguments: StoreKind.allCases)
    func roundTrip(kind: StoreKind) throws {
        let (one, two) = (try record(2 << 40 | 1), try record(1 << 40 | 9, "/b/2", absorbedBy: JobID(rawValue: 5)))
        let letter = DeadLetter(record: try record(4, "/b/4"), diedAt: Instant(nanoseconds: 99))
        try kind.run { open in
            do { try open().apply([.put(one), .put(two), .bury(letter)]) }
            let snapshot = try open().load()
            #expect(snapshot.records == [two, one])
            #expect(snapshot.deadLetters == [letter])
        }
    }

    @Test("Every change twice is the same as once", arguments: StoreKind.allCases)
    func idempotent(kind: StoreKind) throws {
        var changed = try record(1)
        changed.attemptCount = 4
        let letter = DeadLetter(record: try record(4, "/b/4"), diedAt: Instant(nanoseconds: 99))
        let changes: [JobChange] = [
            .put(try record(1)), .put(changed), .put(try record(2, "/b/2")), .remove(JobID(rawValue: 2)), .bury(letter),
            .bury(letter), .unbury(JobAddress("page", "/never")), .pages([page(3, "three")]),
        ]
        try kind.run { open in
            let store = try open()
            for change in changes { try store.apply([change, change]) }
            #expect(try store.load() == JobSnapshot(records: [changed], deadLetters: [letter]))
            try store.apply([.unbury(letter.record.address), .unbury(letter.record.address)])
            #expect(try store.load().deadLetters.isEmpty)
            #expect(try store.page("/b/1") == page(3, "three"))
        }
    }

    @Test("L14: a page is never replaced by one of a lower (epoch, version)", arguments: StoreKind.allCases)
    func pageOrder(kind: StoreKind) throws {
        // Given in turn: the offer, and what the store has then.
        let offers = [
            (page(5, "five"), "five"), (page(4, "four"), "five"), (page(5, "again"), "again"),
            (page(1, epoch: 2, "new epoch"), "new epoch"), (page(900, "old epoch"), "new epoch"),
            (page(2, epoch: 2, "two"), "two"),
        ]
        try kind.run { open in
            let store = try open()
            #expect(try store.page("/b/1") == nil)
            for (offer, held) in offers {
                try store.apply([.pages([offer])])
                #expect(try store.page("/b/1").map { String(decoding: $0.content, as: UTF8.self) } == held)
            }
        }
    }

    @Test("However many entries and pages are in one batch, all are kept, the latest of each", arguments: 1...40)
    func many(count: Int) throws {
        let long = String(repeating: "x", count: 2_000)
        var (changes, records, pages): ([JobChange], [JobRecord], [String: JobPage]) = ([], [], [:])
        for number in 1...count {
            var record = try record(UInt64(number), "/b/\(number)")
            changes.append(.put(record))
            record.attemptCount = number
            // Some are put twice, some go again.
            if number % 3 == 0 { changes.append(.put(record)) } else { record.attemptCount = 3 }
            if number % 5 == 0 { changes.append(.remove(record.id)) } else { records.append(record) }
            for version in [2, 3, 1] as [UInt64] {
                var built = page(version, "\(number) at \(version) \(number % 4 == 0 ? long : "")")
                built.path = "/b/\(number % 7)"
                changes.append(.pages([built]))
                if version == 3 { pages[built.path] = built }
            }
        }
        // Entries one after the other too, as many requests at once are.
        let more = try (101...(100 + count)).map { try record(UInt64($0), "/c/\($0)") }
        changes += more.map { .put($0) }
        for kind in StoreKind.allCases {
            try kind.run { open in
                do { try open().apply(changes) }
                let store = try open()
                #expect(try store.load().records == records + more)
                for (path, page) in pages { #expect(try store.page(path) == page) }
            }
        }
    }

    @Test("A file of a layout that this hub does not know is refused with the reason")
    func layout() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-\(UUID().uuidString)").path
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        try "this is no database, but it is longer than a header of one would be: \(String(repeating: ".", count: 99))"
            .write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: JobStoreError.self) { try SQLiteJobStore(path: path, wallOffset: 0) }
    }

    @Test("The hash of a page is the SHA-256 of its content")
    func hash() {
        #expect(
            page(1, "abc").contentHash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
