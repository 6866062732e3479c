/// What a front says to the hub for its cache's wishes: fetch the page; if there is none, or an older one than is wanted, ask for it
/// to be built, and fetch it again when that is over.
///
/// Pure: the shell sends what `nextDirective` says, and hands every message about pages and jobs to `heard`. However many fronts
/// ask at once, the hub has the page built once.
package struct PageErrands: Sendable {
    package enum Directive: Equatable, Sendable {
        case say(JobMessage)
        case answer(PageAnswer)
    }

    /// Which job builds the page at a path; nil if none does.
    package typealias Address = @Sendable (String) -> JobAddress?

    /// `fetching → building → fetchingBuilt → over`; what is there and new enough ends it at once.
    private enum Phase: Sendable {
        case fetching
        case building
        case fetchingBuilt
    }

    private struct Errand: Sendable {
        let wish: PageWish
        var phase = Phase.fetching
    }

    private let address: Address
    private var errands: [UInt64: Errand] = [:]
    private var directives: [Directive] = []
    /// Requests for a build that were made.
    package private(set) var buildCount: UInt64 = 0

    package init(address: @escaping Address) { self.address = address }

    /// A wish, under its own number. One that was made before begins again: the hub is another.
    package mutating func wished(_ wish: PageWish) {
        errands[wish.number] = Errand(wish: wish)
        directives.append(.say(.fetch(number: wish.number, path: wish.path)))
    }

    /// The hub said something. Answers whether it was about an errand.
    @discardableResult
    package mutating func heard(_ message: JobMessage) -> Bool {
        switch message {
        case .page(let number, let page):
            guard let errand = errands[number] else { return false }
            fetched(page.map(StoredPage.init), errand)
        case .answer(let number, .rejected(let reason)):
            guard let errand = errands[number], case .building = errand.phase else { return false }
            end(errand, .failed("the page cannot be built now: \(reason)"))
        case .answer(let number, .queued), .answer(let number, .merged): return errands[number] != nil
        case .ended(let number, let outcome):
            guard let errand = errands[number], case .building = errand.phase else { return false }
            built(outcome, errand)
        default: return false
        }
        return true
    }

    package mutating func nextDirective() -> Directive? {
        directives.isEmpty ? nil : directives.removeFirst()
    }

    private mutating func fetched(_ page: StoredPage?, _ errand: Errand) {
        let isEnough = page.map { page in errand.wish.floor.map { $0.version <= page.version } ?? true } ?? false
        switch errand.phase {
        case .fetching where !isEnough:
            guard let address = address(errand.wish.path) else { return end(errand, .missing) }
            errands[errand.wish.number]?.phase = .building
            buildCount += 1
            // Somebody waits: it is as urgent as anything.
            let request = JobRequest(
                address, deadlineClass: .thread, minimums: errand.wish.floor.map { [$0.minimum] } ?? [])
            directives.append(
                .say(.want(number: errand.wish.number, request, floor: errand.wish.floor?.version)))
        case .building: break
        case .fetching, .fetchingBuilt: end(errand, outcome(of: page, errand.wish))
        }
    }

    private mutating func built(_ outcome: JobEnding.Outcome, _ errand: Errand) {
        switch outcome {
        case .done:
            errands[errand.wish.number]?.phase = .fetchingBuilt
            directives.append(.say(.fetch(number: errand.wish.number, path: errand.wish.path)))
        case .dead: end(errand, .failed("the page could not be built"))
        case .dropped: end(errand, .failed("the page is not being built"))
        }
    }

    /// A page without content says that there is none any more.
    private func outcome(of page: StoredPage?, _ wish: PageWish) -> PageOutcome {
        guard let page, !page.content.isEmpty else { return .missing }
        return page.hash == wish.held ? .unchanged(page.version) : .page(page)
    }

    private mutating func end(_ errand: Errand, _ outcome: PageOutcome) {
        errands[errand.wish.number] = nil
        directives.append(.answer(PageAnswer(number: errand.wish.number, outcome: outcome)))
    }
}

extension StoredPage {
    package init(_ page: JobPage) {
        self.init(version: PageVersion(page), contentType: page.contentType, content: page.content)
    }
}
