import Core
import State
import Testing

@Suite("A front's errands for pages")
struct PageErrandTests {
    private static let address = JobAddress("page", "/b/1")

    private static func errands() -> PageErrands { PageErrands { $0 == "/b/1" ? address : nil } }

    private static func drain(_ errands: inout PageErrands) -> [PageErrands.Directive] {
        var list: [PageErrands.Directive] = []
        while let directive = errands.nextDirective() { list.append(directive) }
        return list
    }

    private static func page(_ version: UInt64, _ text: String = "x") -> JobPage {
        JobPage(
            path: "/b/1", contentType: "text/html", epoch: Epoch(rawValue: 1), version: Version(rawValue: version),
            content: Array(text.utf8))
    }

    private static func wish(floor: PageFloor? = nil, held: [UInt8] = [], path: String = "/b/1") -> PageWish {
        PageWish(number: 4, path: path, floor: floor, held: held)
    }

    @Test("A page that is there and new enough is answered without a build; one that is held is not sent on")
    func found() {
        var errands = Self.errands()
        errands.wished(Self.wish(floor: CacheStage.floor(5)))
        #expect(Self.drain(&errands) == [.say(.fetch(number: 4, path: "/b/1"))])
        errands.heard(.page(number: 4, Self.page(5)))
        #expect(Self.drain(&errands) == [.answer(PageAnswer(number: 4, outcome: .page(StoredPage(Self.page(5)))))])
        errands.wished(Self.wish(held: StoredPage(Self.page(5)).hash))
        errands.heard(.page(number: 4, Self.page(6)))
        #expect(
            Self.drain(&errands).last
                == .answer(PageAnswer(number: 4, outcome: .unchanged(StoredPage(Self.page(6)).version))))
        #expect(errands.buildCount == 0)
    }

    @Test(
        "A missing or older page is asked for, with what its reader has seen, and fetched when it is there: built, or stored by somebody since",
        arguments: [true, false])
    func builds(isStored: Bool) {
        for first in [nil, Self.page(4)] {
            var errands = Self.errands()
            let floor = CacheStage.floor(5)
            errands.wished(Self.wish(floor: floor))
            errands.heard(.page(number: 4, first))
            let request = JobRequest(Self.address, deadlineClass: .thread, minimums: [floor.minimum])
            #expect(Self.drain(&errands).last == .say(.want(number: 4, request, floor: floor.version)))
            if !isStored {
                errands.heard(.answer(number: 4, .merged(into: JobID(rawValue: 1))))
                #expect(Self.drain(&errands).isEmpty)
            }
            errands.heard(.ended(number: 4, .done))
            #expect(Self.drain(&errands) == [.say(.fetch(number: 4, path: "/b/1"))])
            errands.heard(.page(number: 4, Self.page(5)))
            #expect(Self.drain(&errands) == [.answer(PageAnswer(number: 4, outcome: .page(StoredPage(Self.page(5)))))])
        }
    }

    @Test(
        "What cannot be built ends with its reason, and what is gone is missing",
        arguments: [
            (
                JobMessage.answer(number: 4, .rejected(.full)),
                PageOutcome.failed("the page cannot be built now: the queue is full")
            ),
            (.ended(number: 4, .dead(error: "x")), .failed("the page could not be built")),
            (.ended(number: 4, .dropped), .failed("the page is not being built")),
        ])
    func failures(message: JobMessage, wanted: PageOutcome) {
        var errands = Self.errands()
        errands.wished(Self.wish())
        errands.heard(.page(number: 4, nil))
        errands.heard(message)
        #expect(Self.drain(&errands).last == .answer(PageAnswer(number: 4, outcome: wanted)))
    }

    @Test("A path that no job builds is missing at once; so is one that was built to nothing")
    func missing() {
        var errands = Self.errands()
        errands.wished(Self.wish(path: "/nothing"))
        errands.heard(.page(number: 4, nil))
        #expect(Self.drain(&errands).last == .answer(PageAnswer(number: 4, outcome: .missing)))
        errands.wished(Self.wish())
        errands.heard(.page(number: 4, Self.page(1, "")))
        #expect(Self.drain(&errands).last == .answer(PageAnswer(number: 4, outcome: .missing)))
        let isHeard = errands.heard(.page(number: 99, nil))
        #expect(!isHeard)
    }
}
