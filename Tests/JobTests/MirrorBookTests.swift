import Core
import State
import Testing

@Suite("A worker's mirrors")
struct MirrorBookTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)
    private let old = Lineage(rawValue: 11)
    private let new = Lineage(rawValue: 22)

    private func channel(_ number: Int = 1) throws -> ChannelID { try ChannelID("board/\(number)") }

    private func minimum(_ version: UInt64, _ lineage: Lineage) throws -> JobMinimum {
        JobMinimum(channel: try channel(), lineage: lineage, version: Version(rawValue: version))
    }

    private func drain(_ book: inout MirrorBook) -> [MirrorBook.Directive] {
        var list: [MirrorBook.Directive] = []
        while let next = book.nextDirective() { list.append(next) }
        return list
    }

    private func stands(_ book: inout MirrorBook, _ version: UInt64, _ lineage: Lineage, renewal: UInt64 = 0) throws {
        book.stands(
            try channel(), at: Version(rawValue: version), of: lineage, renewal: renewal, now: Self.start)
    }

    @Test("A job begins when its mirror has the version that it names, not before, and at once if it has")
    func waits() throws {
        var book = MirrorBook()
        book.jobCame(1, reading: [try channel()], after: [try minimum(5, old)], now: Self.start)
        #expect(drain(&book) == [.follow(try channel())])
        for version in 3...4 as ClosedRange<UInt64> {
            try stands(&book, version, old)
            #expect(drain(&book).isEmpty)
        }
        try stands(&book, 5, old)
        #expect(drain(&book) == [.begin(1)])
        book.jobCame(2, reading: [try channel()], after: [try minimum(4, old)], now: Self.start)
        book.jobCame(3, reading: [try channel()], after: [], now: Self.start)
        #expect(drain(&book) == [.begin(2), .begin(3)])
    }

    @Test("All channels that a job reads are waited for; one that holds up a job holds up no other")
    func several() throws {
        var book = MirrorBook()
        book.jobCame(1, reading: [try channel(1), try channel(2)], after: [], now: Self.start)
        book.jobCame(2, reading: [try channel(1)], after: [], now: Self.start)
        #expect(drain(&book) == [.follow(try channel(1)), .follow(try channel(2))])
        try stands(&book, 1, old)
        #expect(drain(&book) == [.begin(2)])
        book.linkFailed(try channel(2), "no such board")
        book.timePassed(now: Self.start + .seconds(10))
        #expect(
            drain(&book) == [.giveBack(1, reason: "'board/2' could not be seen within 10.0 seconds: no such board")])
    }

    @Test("A job whose version does not come is given back with the reason after its time, and no other job's time")
    func late() throws {
        var book = MirrorBook()
        book.jobCame(1, reading: [try channel()], after: [try minimum(9, old)], now: Self.start)
        try stands(&book, 7, old)
        book.jobCame(
            2, reading: [try channel()], after: [try minimum(8, old)], within: .seconds(2), now: Self.start)
        _ = drain(&book)
        #expect(book.nextDeadline == Self.start + .seconds(2))
        book.timePassed(now: Self.start + .seconds(2))
        #expect(
            drain(&book) == [
                .giveBack(2, reason: "'board/1' did not come to version 8 within 2.0 seconds; it stands at 7")
            ])
        #expect(book.nextDeadline == Self.start + .seconds(10))
        try stands(&book, 9, old)
        #expect(drain(&book) == [.begin(1)])
    }

    @Test(
        "A channel that began anew: a job of the new lineage waits until the back was asked, though the mirror's version is higher"
    )
    func began() throws {
        var book = MirrorBook()
        _ = book.follow(try channel(), now: Self.start)
        try stands(&book, 50, old)
        book.jobCame(1, reading: [try channel()], after: [try minimum(2, new)], now: Self.start)
        #expect(drain(&book) == [.follow(try channel()), .renew(try channel())])
        // What was on its way says nothing.
        try stands(&book, 51, old)
        #expect(drain(&book).isEmpty)
        let second = book.renewalBegan(try channel())
        try stands(&book, 1, new, renewal: second)
        #expect(drain(&book).isEmpty, "the same lineage now: its version counts")
        try stands(&book, 2, new, renewal: second)
        #expect(drain(&book) == [.begin(1)])
    }

    @Test("A lineage that is over is not waited for: whatever the back says that was asked since is newer")
    func over() throws {
        var book = MirrorBook()
        _ = book.follow(try channel(), now: Self.start)
        try stands(&book, 1, new)
        book.jobCame(1, reading: [try channel()], after: [try minimum(50, old)], now: Self.start)
        book.jobCame(2, reading: [try channel()], after: [try minimum(60, old)], now: Self.start)
        #expect(drain(&book) == [.follow(try channel()), .renew(try channel())])
        let second = book.renewalBegan(try channel())
        try stands(&book, 3, new, renewal: second)
        #expect(drain(&book) == [.begin(1), .begin(2)])
    }

    @Test(
        "Mirrors are bounded: the one that was not read for longest goes, never one that a job waits for or that is for good"
    )
    func bounds() throws {
        var limits = MirrorBook.Limits()
        limits.mirrorLimit = 2
        var book = MirrorBook(limits: limits)
        #expect(book.follow(try channel(1), now: Self.start))
        for number in 2...3 {
            book.jobCame(
                UInt64(number), reading: [try channel(number)], after: [], now: Self.start + .seconds(number))
        }
        #expect(
            drain(&book) == [
                .follow(try channel(1)), .follow(try channel(2)),
                .giveBack(3, reason: "it reads too many channels at once"),
            ])
        book.stands(
            try channel(2), at: Version(rawValue: 1), of: old, now: Self.start + .seconds(4))
        book.jobCame(4, reading: [try channel(4)], after: [], now: Self.start + .seconds(5))
        #expect(drain(&book) == [.begin(2), .leave(try channel(2)), .follow(try channel(4))])
        book.timePassed(now: Self.start + .seconds(15))
        book.timePassed(now: Self.start + .seconds(605))
        #expect(drain(&book).last == .leave(try channel(4)))
        #expect(book.nextDeadline == nil)
    }
}
