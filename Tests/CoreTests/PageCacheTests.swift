import Core
import State
import Testing

/// A front's cache with a hub that is played: what it was asked, and what its readers were told.
struct CacheStage {
    var cache: PageCache
    var now = Instant(nanoseconds: 1_000_000_000)
    var wishes: [PageWish] = []
    var told: [PageReader: PageOutcome] = [:]
    private(set) var lastReader: UInt64 = 0

    init(_ limits: PageCacheLimits = PageCacheLimits(), isHubThere: Bool = true) {
        cache = PageCache(limits: limits)
        if isHubThere { cache.hubOpened(now: now) }
    }

    @discardableResult
    mutating func ask(_ path: String, floor: PageFloor? = nil) -> PageReader {
        lastReader += 1
        let reader = PageReader(rawValue: lastReader)
        cache.asked(path, floor: floor, by: reader, now: now)
        pump()
        return reader
    }

    /// The hub's answer to a wish, by its place among all wishes.
    mutating func answer(_ place: Int, _ outcome: PageOutcome) {
        cache.answered(PageAnswer(number: wishes[place].number, outcome: outcome), now: now)
        pump()
    }

    mutating func hear(_ path: String, _ page: StoredPage) {
        cache.heard(PageNews(path: path, version: page.version, hash: page.hash), now: now)
        pump()
    }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        cache.tick(now: now)
        pump()
    }

    mutating func open() {
        cache.hubOpened(now: now)
        pump()
    }

    mutating func pump() {
        while let directive = cache.nextDirective() {
            switch directive {
            case .fetch(let wish): wishes.append(wish)
            case .answer(let reader, let outcome):
                #expect(told.updateValue(outcome, forKey: reader) == nil, "\(reader) is answered twice")
            }
        }
    }

    static func version(_ number: UInt64, epoch: UInt64 = 1) -> PageVersion {
        PageVersion(epoch: Epoch(rawValue: epoch), version: Version(rawValue: number))
    }

    static func floor(_ number: UInt64, epoch: UInt64 = 1) -> PageFloor {
        PageFloor(
            JobMinimum(
                channel: channel, lineage: Lineage(rawValue: 7), version: Version(rawValue: number)),
            epoch: Epoch(rawValue: epoch))
    }

    private static let channel: ChannelID = {
        do { return try ChannelID("board/1") } catch { preconditionFailure("\(error)") }
    }()

    static func page(_ number: UInt64, _ text: String? = nil, epoch: UInt64 = 1) -> StoredPage {
        StoredPage(
            version: version(number, epoch: epoch), contentType: "text/html",
            content: Array((text ?? "page \(number)").utf8))
    }
}

@Suite("A front's page cache")
struct PageCacheTests {
    private typealias Stage = CacheStage

    @Test("However many readers miss a page, it is asked for once, and all get it")
    func singleFlight() {
        var stage = Stage()
        let readers = (0..<1000).map { _ in stage.ask("/b/1") }
        #expect(stage.wishes == [PageWish(number: 1, path: "/b/1", floor: nil, held: [])])
        #expect(stage.told.isEmpty)
        stage.answer(0, .page(Stage.page(5)))
        for reader in readers { #expect(stage.told[reader] == .page(Stage.page(5))) }
        let late = stage.ask("/b/1")
        #expect(stage.told[late] == .page(Stage.page(5)))
        #expect(stage.wishes.count == 1)
        #expect(stage.cache.counters.misses == 1000)
        #expect(stage.cache.counters.hits == 1)
    }

    @Test("A page is never older than its reader asked for: who brings a higher floor waits for another answer")
    func floors() {
        var stage = Stage()
        let any = stage.ask("/b/1")
        let strict = stage.ask("/b/1", floor: Stage.floor(9))
        stage.answer(0, .page(Stage.page(5)))
        #expect(stage.told[any] == .page(Stage.page(5)))
        #expect(stage.told[strict] == nil)
        #expect(stage.wishes[1].floor == Stage.floor(9))
        stage.answer(1, .page(Stage.page(9)))
        #expect(stage.told[strict] == .page(Stage.page(9)))
        let held = stage.ask("/b/1", floor: Stage.floor(9))
        #expect(stage.told[held] == .page(Stage.page(9)))
        // A back that began anew has a higher epoch, whatever its versions.
        let newer = stage.ask("/b/1", floor: Stage.floor(1, epoch: 2))
        #expect(stage.told[newer] == nil)
        #expect(stage.wishes.count == 3)
    }

    @Test("A floor that the hub cannot reach ends with what there is, not with asking for ever")
    func impossibleFloor() {
        var stage = Stage()
        let reader = stage.ask("/b/1", floor: Stage.floor(1 << 40))
        stage.answer(0, .page(Stage.page(5)))
        #expect(stage.told[reader] == .page(Stage.page(5)))
        #expect(stage.wishes.count == 1)
    }

    @Test(
        "After news of a newer page the old one is given for five seconds while the new one is fetched, then readers wait"
    )
    func staleWhileRevalidate() {
        var stage = Stage()
        stage.ask("/b/1")
        stage.answer(0, .page(Stage.page(5)))
        stage.pass(.seconds(100))
        stage.hear("/b/1", Stage.page(6))
        #expect(stage.wishes.count == 1, "nobody reads it: it is not fetched")
        let soon = stage.ask("/b/1")
        #expect(stage.told[soon] == .page(Stage.page(5)))
        #expect(stage.wishes.count == 2 && stage.wishes[1].held == Stage.page(5).hash)
        stage.pass(.seconds(6))
        let late = stage.ask("/b/1")
        #expect(stage.told[late] == nil)
        #expect(stage.wishes.count == 2, "one flight")
        stage.answer(1, .page(Stage.page(6)))
        #expect(stage.told[late] == .page(Stage.page(6)))
        #expect(stage.cache.counters.staleHits == 1)
    }

    @Test("A page that people read is fetched as soon as there is news of it")
    func warm() {
        var stage = Stage()
        stage.ask("/b/1")
        stage.answer(0, .page(Stage.page(5)))
        stage.hear("/b/1", Stage.page(6))
        #expect(stage.wishes.count == 2)
        stage.answer(1, .page(Stage.page(6)))
        let reader = stage.ask("/b/1")
        #expect(stage.told[reader] == .page(Stage.page(6)))
        #expect(stage.cache.counters.staleHits == 0)
    }

    @Test("News of an older or equal version changes nothing; news of the same content only raises the version")
    func oldNews() {
        var stage = Stage()
        stage.ask("/b/1")
        stage.answer(0, .page(Stage.page(5, "same")))
        stage.hear("/b/1", Stage.page(4, "old"))
        stage.hear("/b/1", Stage.page(5, "same"))
        stage.hear("/b/1", Stage.page(7, "same"))
        stage.hear("/never-asked", Stage.page(7))
        #expect(stage.wishes.count == 1)
        let reader = stage.ask("/b/1", floor: Stage.floor(7))
        #expect(stage.told[reader] == .page(Stage.page(7, "same")))
    }

    @Test("News that overtakes the answer is not lost: the page is asked for once more")
    func overtaken() {
        var stage = Stage()
        let reader = stage.ask("/b/1")
        stage.hear("/b/1", Stage.page(8))
        stage.answer(0, .page(Stage.page(5)))
        #expect(stage.told[reader] == .page(Stage.page(5)))
        #expect(stage.wishes.count == 2)
        stage.answer(1, .page(Stage.page(8)))
        #expect(stage.wishes.count == 2)
        let next = stage.ask("/b/1")
        #expect(stage.told[next] == .page(Stage.page(8)))
    }

    @Test("When the hub comes back every page is checked before it counts as new; unchanged ones are not sent again")
    func hubReturns() {
        var stage = Stage()
        stage.ask("/b/1")
        stage.answer(0, .page(Stage.page(5)))
        stage.cache.hubClosed()
        stage.pass(.seconds(60))
        let alone = stage.ask("/b/1")
        #expect(stage.told[alone] == .page(Stage.page(5)), "an old page is better than none")
        let missing = stage.ask("/b/2")
        stage.open()
        #expect(stage.wishes.dropFirst().map(\.path) == ["/b/2"])
        stage.answer(1, .missing)
        #expect(stage.told[missing] == .missing)
        let reader = stage.ask("/b/1")
        #expect(stage.told[reader] == .page(Stage.page(5)))
        #expect(stage.wishes[2].path == "/b/1" && stage.wishes[2].held == Stage.page(5).hash)
        stage.answer(2, .unchanged(Stage.version(9)))
        let strict = stage.ask("/b/1", floor: Stage.floor(9))
        #expect(stage.told[strict] == .page(Stage.page(9, "page 5")))
    }

    @Test("What was asked for before the hub died is asked again of the next one")
    func resent() {
        var stage = Stage()
        let reader = stage.ask("/b/1", floor: Stage.floor(3))
        stage.cache.hubClosed()
        stage.open()
        #expect(stage.wishes.count == 2 && stage.wishes[0] == stage.wishes[1])
        stage.answer(1, .page(Stage.page(3)))
        #expect(stage.told[reader] == .page(Stage.page(3)))
        // The first hub's late answer is nobody's.
        stage.answer(0, .page(Stage.page(1)))
        let next = stage.ask("/b/1")
        #expect(stage.told[next] == .page(Stage.page(3)))
    }

    @Test("Who waits ten seconds is told why, or given what is held")
    func patience() {
        var stage = Stage(isHubThere: false)
        let reader = stage.ask("/b/1")
        stage.pass(.seconds(9))
        #expect(stage.told[reader] == nil)
        stage.pass(.seconds(1))
        #expect(stage.told[reader] == .failed("the page did not come in time"))

        var other = Stage()
        other.ask("/b/1")
        other.answer(0, .page(Stage.page(5)))
        other.hear("/b/1", Stage.page(6))
        other.pass(.seconds(7))
        let waiting = other.ask("/b/1")
        let strict = other.ask("/b/1", floor: Stage.floor(6))
        #expect(other.told[waiting] == nil)
        other.answer(1, .failed("no worker"))
        #expect(other.told[waiting] == .page(Stage.page(5)))
        #expect(other.told[strict] == .failed("no worker"), "never older than was asked for")
    }

    @Test("That there is no page is believed for a second, and not beyond news of one")
    func absence() {
        var stage = Stage()
        let first = stage.ask("/b/1")
        stage.answer(0, .missing)
        #expect(stage.told[first] == .missing)
        let again = stage.ask("/b/1")
        #expect(stage.told[again] == .missing && stage.wishes.count == 1)
        stage.hear("/b/1", Stage.page(1))
        stage.ask("/b/1")
        #expect(stage.wishes.count == 2)
        stage.answer(1, .missing)
        stage.pass(.seconds(2))
        stage.ask("/b/1")
        #expect(stage.wishes.count == 3)
    }

    @Test("Its bytes have a limit: the longest unread goes first, and a page above the limit is given but not kept")
    func bounded() {
        var limits = PageCacheLimits()
        limits.byteLimit = 4 * (1000 + 512 + 4)
        var stage = Stage(limits)
        let content = String(repeating: "x", count: 1000)
        for number in 0..<4 {
            stage.ask("/\(number)")
            stage.answer(number, .page(Stage.page(1, content)))
        }
        stage.ask("/0")
        stage.ask("/4")
        stage.answer(4, .page(Stage.page(1, content)))
        #expect(stage.cache.pageCount == 4 && stage.cache.evictionCount == 1)
        #expect(stage.cache.byteCount <= limits.byteLimit)
        let kept = stage.ask("/0")
        #expect(stage.told[kept] != nil)
        let gone = stage.ask("/1")
        #expect(stage.told[gone] == nil)
        let large = stage.ask("/5")
        stage.answer(6, .page(Stage.page(1, String(repeating: "y", count: 10_000))))
        #expect(stage.told[large] != nil)
        #expect(stage.cache.byteCount <= limits.byteLimit)
    }

    @Test(
        "Its bytes never exceed the limit and add up to nothing when all is gone, whatever is asked", arguments: 0..<20)
    func randomly(seed: UInt64) {
        var dice = Dice(seed: seed)
        var limits = PageCacheLimits()
        limits.byteLimit = 20_000
        var stage = Stage(limits)
        for _ in 0..<2000 {
            let path = "/\(UInt64.random(in: 0..<40, using: &dice))"
            let page = Stage.page(
                .random(in: 1..<50, using: &dice), String(repeating: "z", count: .random(in: 0..<3000, using: &dice)))
            switch Int.random(in: 0..<10, using: &dice) {
            case 0..<5:
                stage.ask(path, floor: Bool.random(using: &dice) ? Stage.floor(page.version.version.rawValue) : nil)
            case 5..<8 where !stage.wishes.isEmpty:
                let place = Int.random(in: max(0, stage.wishes.count - 5)..<stage.wishes.count, using: &dice)
                let outcomes: [PageOutcome] = [
                    .page(page), .page(page), .missing, .unchanged(page.version), .failed("x"),
                ]
                stage.answer(place, outcomes.randomElement(using: &dice) ?? .missing)
            case 8: stage.hear(path, page)
            default: stage.pass(.milliseconds(.random(in: 0..<2000, using: &dice)))
            }
            #expect(stage.cache.byteCount <= limits.byteLimit, "seed \(seed)")
        }
        for _ in 0..<20 { stage.pass(.seconds(11)) }
        for reader in 1...stage.lastReader {
            #expect(stage.told[PageReader(rawValue: reader)] != nil, "seed \(seed): every reader is answered once")
        }
    }

    @Test("Readers that wait have a limit: the next one is refused at once")
    func tooManyReaders() {
        var limits = PageCacheLimits()
        limits.readerLimit = 3
        limits.flightLimit = 2
        var stage = Stage(limits)
        stage.ask("/1")
        stage.ask("/2")
        let third = stage.ask("/3")
        #expect(stage.told[third] == .failed("too many readers wait for pages"))
        stage.ask("/1")
        let fifth = stage.ask("/1")
        #expect(stage.told[fifth] != nil)
        #expect(stage.cache.counters.refused == 2)
        stage.answer(0, .missing)
        stage.pass(.seconds(2))
        let sixth = stage.ask("/1")
        #expect(stage.told[sixth] == nil, "there is room again")
    }
}
