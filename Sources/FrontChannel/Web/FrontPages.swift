import Core
import Loop

/// The pages that jobs build, as a front serves them: its cache, and its conversation with the hub about what is missing.
final class FrontPages {
    private struct Reader {
        let connection: ConnectionID
        let head: HTTPRequestHead
    }

    /// Paths of pages and the kinds of jobs that build them, in the order of their declaration.
    typealias Kinds = [(shape: KeyShape, kind: String)]

    private unowned let shell: FrontShell
    private let kinds: Kinds
    private var cache = PageCache()
    private var errands: PageErrands
    private var readers: [PageReader: Reader] = [:]
    private var lastReader: UInt64 = 0
    /// Requests of the application, above all numbers of wishes.
    private var lastRequest: UInt64 = 1 << 62
    private var requests: [UInt64: (JobAnswer) -> Void] = [:]

    /// Requests that wait for the hub's answer.
    static let requestLimit = 10_000

    init(_ shell: FrontShell, kinds: Kinds) {
        self.shell = shell
        self.kinds = kinds
        let shapes = kinds
        errands = PageErrands { path in
            shapes.first { $0.shape.matches(path) }.map { JobAddress($0.kind, path) }
        }
    }

    /// Whether pages are at this path.
    func serves(_ path: String) -> Bool { kinds.contains { $0.shape.matches(path) } }

    // MARK: Readers

    func asked(_ head: HTTPRequestHead, by connection: ConnectionID) {
        lastReader += 1
        let reader = PageReader(rawValue: lastReader)
        readers[reader] = Reader(connection: connection, head: head)
        let floor = PageFloorCookie.floor(of: head, key: shell.core.settings.key)
        cache.asked(head.path, floor: floor, by: reader, now: shell.loop.now)
        pump()
    }

    private func answer(_ reader: Reader, _ outcome: PageOutcome) {
        let response: HTTPResponse
        switch outcome {
        case .page(let page):
            response = HTTPResponse(
                status: 200,
                headers: [
                    "Content-Type": page.contentType, "ETag": "\(HTTPEntityTag(hash: page.hash))",
                    "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Page-Version": "\(page.version)",
                ], body: .bytes(page.content)
            ).unlessHeld(by: reader.head)
        case .missing, .unchanged:
            response = HTTPResponse(status: 404, text: "there is no page at \(reader.head.path)\n")
        case .failed(let reason):
            response = HTTPResponse(status: 503, text: reason + "\n", headers: ["Retry-After": "1"])
        }
        shell.core.answer(reader.connection, response, now: shell.loop.now)
    }

    // MARK: The application's requests

    /// Asks for a job. The answer comes once the hub has it on disk; without a hub it is a refusal.
    func submit(_ request: JobRequest, _ done: @escaping (JobAnswer) -> Void) {
        guard shell.hub?.isOpen == true, requests.count < Self.requestLimit else {
            return done(.rejected(.unavailable))
        }
        lastRequest += 1
        requests[lastRequest] = done
        shell.hub?.say(.submit(number: lastRequest, request, awaitsEnd: false))
    }

    // MARK: The hub

    func hubOpened() {
        cache.hubOpened(now: shell.loop.now)
        pump()
    }

    func hubClosed() {
        cache.hubClosed()
        let unanswered = requests.sorted { $0.key < $1.key }
        requests = [:]
        for (_, done) in unanswered { done(.rejected(.unavailable)) }
    }

    func heard(_ message: JobMessage) {
        if case .answer(let number, let answer) = message, let done = requests.removeValue(forKey: number) {
            return done(answer)
        }
        errands.heard(message)
        pump()
    }

    func heard(_ news: PageNews) {
        cache.heard(news, now: shell.loop.now)
        pump()
    }

    /// Once a second.
    func tick() {
        cache.tick(now: shell.loop.now)
        pump()
    }

    private func pump() {
        while true {
            if let directive = cache.nextDirective() {
                switch directive {
                case .fetch(let wish): errands.wished(wish)
                case .answer(let reader, let outcome):
                    if let reader = readers.removeValue(forKey: reader) { answer(reader, outcome) }
                }
            } else if let directive = errands.nextDirective() {
                switch directive {
                case .say(let message): shell.hub?.say(message)
                case .answer(let message): cache.answered(message, now: shell.loop.now)
                }
            } else {
                return shell.pump()
            }
        }
    }

    /// For the metrics.
    var gauges: [String: Double] {
        kinds.isEmpty
            ? [:] : ["page_cache_bytes": Double(cache.byteCount), "page_cache_pages": Double(cache.pageCount)]
    }

    var counters: [String: Double] {
        guard !kinds.isEmpty else { return [:] }
        let counted = cache.counters
        return [
            "page_hits_total": Double(counted.hits), "page_stale_hits_total": Double(counted.staleHits),
            "page_misses_total": Double(counted.misses), "page_fetches_total": Double(counted.fetches),
            "page_builds_asked_total": Double(errands.buildCount), "page_refused_total": Double(counted.refused),
            "page_timeouts_total": Double(counted.timeouts), "page_news_total": Double(counted.news),
            "page_evictions_total": Double(cache.evictionCount),
        ]
    }
}
