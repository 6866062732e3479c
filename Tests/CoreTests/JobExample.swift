import Core

/// Messages of jobs in the words of docs/WIRE.md.
enum JobExample {
    static func fields(of message: JobMessage) -> [(String, String)] {
        switch message {
        case .submit(let number, let request, let awaitsEnd):
            return [("submit", "\(number)")] + address(request.address) + [
                ("class", request.deadlineClass?.description ?? "own"), ("awaitsEnd", "\(awaitsEnd)"),
                ("minimums", "\(request.minimums.map { "\($0.channel)@\($0.version)" })"),
                ("payload", text(request.payload)),
            ]
        case .answer(let number, .queued(let id)): return [("answer", "\(number)"), ("queued", "\(id)")]
        case .answer(let number, .merged(let id)): return [("answer", "\(number)"), ("merged", "\(id)")]
        case .answer(let number, .rejected(let why)): return [("answer", "\(number)"), ("rejected", "\"\(why)\"")]
        case .ended(let number, let outcome): return [("ended", "\(number)"), ("outcome", "\(outcome)")]
        case .worker(let kinds, let slots, let holding):
            return [
                ("worker", kinds.joined(separator: ",")), ("slots", "\(slots)"), ("holding", "\(holding.map(held))"),
            ]
        case .lease(let lease):
            return [("lease", held(JobHolding(id: lease.id, token: lease.token)))] + address(lease.address) + [
                ("attempt", "\(lease.attempt)"), ("limit", "\(lease.timeLimit)"), ("payload", text(lease.payload)),
            ]
        case .revoke(let token): return [("revoke", "\(token)")]
        case .beat(let holding): return [("beat", "\(holding.map(held))")]
        case .done(let run, let pages): return [("done", held(run)), ("pages", "\(pages.map(page))")]
        case .failed(let run, let reason): return [("failed", held(run)), ("reason", "\"\(reason)\"")]
        case .command(let number, let verb, let about, let limit):
            return [("command", "\(number)"), ("verb", "\(verb)")] + address(about) + [("limit", "\(limit)")]
        case .report(let number, let json): return [("report", "\(number)"), ("text", "\"\(json)\"")]
        case .fetch(let number, let path): return [("fetch", "\(number)"), ("path", "\"\(path)\"")]
        case .want(let number, let request, let floor):
            return [("want", "\(number)")] + address(request.address) + [
                ("class", request.deadlineClass?.description ?? "own"),
                ("minimums", "\(request.minimums.map { "\($0.channel)@\($0.version)" })"),
                ("floor", floor.map { "\($0)" } ?? "none"),
            ]
        case .page(let number, let found): return [("page", "\(number)"), ("is", found.map(page) ?? "none")]
        }
    }

    private static func address(_ address: JobAddress) -> [(String, String)] {
        [("kind", "\"\(address.kind)\""), ("key", "\"\(address.key)\"")]
    }
    private static func held(_ held: JobHolding) -> String { "\(held.id)/\(held.token)" }
    private static func text(_ bytes: [UInt8]) -> String { "\"\(String(decoding: bytes, as: UTF8.self))\"" }
    private static func page(_ page: JobPage) -> String {
        "\(page.path) \(page.contentType) \(page.epoch).\(page.version) \(text(page.content))"
    }
}
