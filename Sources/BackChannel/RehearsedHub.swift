import Core
import State

/// A job as the hub heard of it.
public struct RehearsedJob: Hashable, Sendable {
    public let work: Work
    /// The version of the channel that a worker must have seen.
    public let version: UInt64
    /// Whether its end is awaited.
    public let isAsked: Bool
}

/// The hub of a rehearsal: it takes every job and works on none; the test says what becomes of them.
struct RehearsedHub {
    var isThere = true
    private(set) var jobs: [RehearsedJob] = []
    var refusals: [JobAddress: JobRejection] = [:]
    /// Awaited ends, oldest first, and the results that are fetched then.
    private var awaited: [(number: UInt64, address: JobAddress)] = []
    private var results: [String: [UInt8]] = [:]
    private var lastID: UInt64 = 0

    /// What it answers to what the back says.
    mutating func hear(_ message: JobMessage) -> [JobMessage] {
        guard isThere else { return [] }
        switch message {
        case .submit(let number, let request, let awaitsEnd):
            if let reason = refusals[request.address] { return [.answer(number: number, .rejected(reason))] }
            let work = Work(
                request.address.kind, request.address.key, payload: request.payload, urgency: request.deadlineClass)
            jobs.append(
                RehearsedJob(
                    work: work, version: request.minimums.first?.version.rawValue ?? 0, isAsked: awaitsEnd))
            lastID += 1
            if awaitsEnd { awaited.append((number, request.address)) }
            return [.answer(number: number, .queued(JobID(rawValue: lastID)))]
        case .fetch(let number, let path):
            let page = results[path].map {
                JobPage(
                    path: path, contentType: "", epoch: Epoch(rawValue: 1), version: Version(rawValue: 1), content: $0)
            }
            return [.page(number: number, page)]
        default: return []
        }
    }

    /// The work is over: what those are told who await it.
    mutating func end(_ work: Work, _ outcome: JobEnding.Outcome, _ result: [UInt8]?) -> [JobMessage] {
        let address = JobAddress(work.kind, work.key)
        results[work.key] = result
        let ended = awaited.filter { $0.address == address }
        awaited.removeAll { $0.address == address }
        return ended.map { .ended(number: $0.number, outcome) }
    }
}
