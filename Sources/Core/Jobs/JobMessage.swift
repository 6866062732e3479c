import State

/// What nodes and the hub say to each other of jobs: frame `70`, whose body begins with the number of its case.
package enum JobMessage: Sendable, Equatable {
    /// Node → hub: this is out of date. `number` is the node's own; `awaitsEnd` asks for `ended` later.
    case submit(number: UInt64, JobRequest, awaitsEnd: Bool)
    /// Hub → node: what became of a request, once it is on disk.
    case answer(number: UInt64, JobAnswer)
    /// Hub → node: the work that a request asked for is over.
    case ended(number: UInt64, JobEnding.Outcome)
    /// Worker → hub, first and whenever its line is new: what it serves, and the runs it has.
    case worker(kinds: [String], slotCount: Int, holding: [JobHolding])
    /// Hub → worker: a job to run.
    case lease(JobLease)
    /// Hub → worker: the run is not yours any more. It answers with `failed` once it has stopped.
    case revoke(JobToken)
    /// Worker → hub: these runs go on.
    case beat([JobHolding])
    /// Worker → hub: the run succeeded with these pages.
    case done(JobHolding, pages: [JobPage])
    /// Worker → hub: the run failed.
    case failed(JobHolding, reason: String)
    /// Tool → hub: an operator's wish, with the address or the count that it is about.
    case command(number: UInt64, JobVerb, JobAddress, limit: Int)
    /// Hub → tool: the answer as JSON; an empty text says that nothing has that address.
    case report(number: UInt64, text: String)
    /// Node → hub: the page at a path.
    case fetch(number: UInt64, path: String)
    /// Hub → node: the page, nil if none was built.
    case page(number: UInt64, JobPage?)
    /// Node → hub: somebody waits for the page at the request's key, which is not there, or older than `floor`. Nothing is out of
    /// date: a build that runs is enough, and so is a page that was stored since. Answered as `submit`, or with `ended` at once.
    case want(number: UInt64, JobRequest, floor: PageVersion?)
}

/// What `hub jobs` can ask for.
package enum JobVerb: UInt8, Sendable, Equatable, CaseIterable {
    case list = 1
    case show, retry, drop, drain, resume
}

extension JobMessage {
    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .submit(let number, let request, let awaitsEnd):
            writer.u8(1)
            writer.num(number)
            writer.address(request.address)
            writer.num(request.deadlineClass.map { $0.rawValue + 1 } ?? 0)
            writer.num(awaitsEnd ? 1 : 0)
            writer.minimums(request.minimums)
            writer.blob(request.payload)
        case .answer(let number, let answer):
            writer.u8(2)
            writer.num(number)
            switch answer {
            case .queued(let id):
                writer.num(1)
                writer.num(id)
            case .merged(let id):
                writer.num(2)
                writer.num(id)
            case .rejected(let reason):
                writer.num(3)
                writer.num(UInt64(reason.rawValue))
            }
        case .ended(let number, let outcome):
            writer.u8(3)
            writer.num(number)
            switch outcome {
            case .done: writer.num(1)
            case .dead(let error):
                writer.num(2)
                writer.text(error)
            case .dropped: writer.num(3)
            }
        case .worker(let kinds, let slotCount, let holding):
            writer.u8(4)
            writer.num(kinds.count)
            for kind in kinds { writer.text(kind) }
            writer.num(slotCount)
            writer.holding(holding)
        case .lease(let lease): encode(lease, into: &writer)
        case .revoke(let token):
            writer.u8(6)
            writer.num(token)
        case .beat(let holding):
            writer.u8(7)
            writer.holding(holding)
        case .done(let held, let pages):
            writer.u8(8)
            writer.held(held)
            writer.num(pages.count)
            for page in pages { writer.page(page) }
        case .failed(let held, let reason):
            writer.u8(9)
            writer.held(held)
            writer.text(reason)
        case .command(let number, let verb, let address, let limit):
            writer.u8(10)
            writer.num(number)
            writer.num(UInt64(verb.rawValue))
            writer.address(address)
            writer.num(limit)
        case .report(let number, let text):
            writer.u8(11)
            writer.num(number)
            writer.text(text)
        case .fetch(let number, let path):
            writer.u8(12)
            writer.num(number)
            writer.text(path)
        case .page(let number, let page):
            writer.u8(13)
            writer.num(number)
            writer.num(page == nil ? 0 : 1)
            if let page { writer.page(page) }
        case .want(let number, let request, let floor):
            writer.u8(14)
            writer.num(number)
            writer.address(request.address)
            writer.num(request.deadlineClass.map { $0.rawValue + 1 } ?? 0)
            writer.minimums(request.minimums)
            writer.num(floor == nil ? 0 : 1)
            if let floor {
                writer.num(floor.epoch)
                writer.num(floor.version)
            }
        }
    }

    private func encode(_ lease: JobLease, into writer: inout ByteWriter) {
        writer.u8(5)
        writer.held(JobHolding(id: lease.id, token: lease.token))
        writer.address(lease.address)
        writer.minimums(lease.minimums)
        writer.num(lease.attempt)
        writer.num(UInt64(lease.timeLimit / .milliseconds(1)))
        writer.blob(lease.payload)
    }
}

extension ByteWriter {
    fileprivate mutating func address(_ address: JobAddress) {
        text(address.kind)
        text(address.key)
    }

    fileprivate mutating func held(_ held: JobHolding) {
        num(held.id)
        num(held.token)
    }

    fileprivate mutating func holding(_ list: [JobHolding]) {
        num(list.count)
        for held in list { self.held(held) }
    }

    fileprivate mutating func page(_ page: JobPage) {
        text(page.path)
        text(page.contentType)
        num(page.epoch)
        num(page.version)
        blob(page.content)
    }
}
