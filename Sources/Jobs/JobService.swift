import Core
import Loop

/// The desk's thin shell: its writer, its timer, and the way out. Confined to one loop.
package final class JobService {
    private var desk: JobDesk
    private let loop: EventLoop
    private let writer: JobWriter
    private let log: Log
    private let send: (UInt64, JobMessage) -> Void
    /// Told which pages were built, once they are on disk; not all of them need be newer than what the store had.
    package var built: (([JobPage]) -> Void)?
    private var timer: Timer?
    private var retryTimer: Timer?
    private var isWriting = false

    /// How long to wait before a batch that could not be written is tried again.
    private static let retryMilliseconds: UInt64 = 1_000

    /// - Parameters:
    ///   - store: handed over; its snapshot is loaded here.
    ///   - send: says a message to the line of that number.
    package init(
        _ catalogue: JobCatalogue, limits: JobLimits = JobLimits(), store: any JobStore, term: UInt32, seed: UInt64,
        on loop: EventLoop, log: Log, send: @escaping (UInt64, JobMessage) -> Void
    ) throws {
        let queue = JobQueue(
            catalogue, limits: limits, term: term, seed: seed, snapshot: try store.load(),
            now: Instant(nanoseconds: loop.nowNanoseconds))
        desk = JobDesk(queue, catalogue: catalogue)
        self.loop = loop
        self.log = log
        self.send = send
        writer = try JobWriter(store, answeringOn: loop)
        timer = try Timer(on: loop) { [weak self] in self?.drive { $0.timePassed(now: $1) } }
        retryTimer = try Timer(on: loop) { [weak self] in
            self?.isWriting = false
            self?.settle()
        }
        settle()
    }

    /// For the metrics and the status.
    package var figures: ProcessReport { desk.queue.figures }
    package var summary: JobSummary { JobSummary(desk.queue) }

    /// The line `peer` of the process `name` said something.
    package func receive(_ message: JobMessage, from peer: UInt64, name: String) {
        if case .fetch(let number, let path) = message {
            return writer.page(path) { [weak self] page in self?.send(peer, .page(number: number, page)) }
        }
        drive { $0.receive(message, from: peer, name: name, now: $1) }
    }

    package func lost(_ peer: UInt64) { drive { desk, _ in desk.lost(peer) } }

    package func processEnded(_ name: String) { drive { $0.processEnded(name, now: $1) } }

    private func drive(_ event: (inout JobDesk, Instant) -> Void) {
        event(&desk, Instant(nanoseconds: loop.nowNanoseconds))
        settle()
    }

    private func settle() {
        while let (peer, message) = desk.nextMessage() { send(peer, message) }
        while let (look, path) = desk.nextLook() {
            writer.page(path) { [weak self] page in
                self?.drive { $0.looked(look, found: page.map(PageVersion.init), now: $1) }
            }
        }
        if !isWriting, let (changes, through) = desk.nextBatch() {
            isWriting = true
            writer.apply(changes) { [weak self] failure in self?.wrote(changes, through, failure) }
        }
        guard let deadline = desk.nextDeadline else { return timer?.disarm() ?? () }
        let wait = deadline.since(Instant(nanoseconds: loop.nowNanoseconds))
        timer?.arm(afterMilliseconds: UInt64(max(0, wait / .milliseconds(1))) + 1)
    }

    private func wrote(_ changes: [JobChange], _ through: UInt64, _ failure: JobStoreError?) {
        guard let failure else {
            isWriting = false
            desk.wasCommitted(through: through)
            for case .pages(let pages) in changes { built?(pages) }
            return settle()
        }
        log.error("jobs cannot be kept; requests are refused until they can", ["reason": failure.description])
        desk.commitFailed(changes)
        retryTimer?.arm(afterMilliseconds: Self.retryMilliseconds)
    }
}
