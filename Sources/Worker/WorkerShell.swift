import Core
import Glibc
import Loop
import Node

/// A worker's line to the hub and its runs: takes leases, beats, and says what became of them. Confined to its loop.
///
/// A result that the hub is not there for is kept until it is; its run counts as held until then.
package final class WorkerShell: HubLinkOwner {
    /// Starts a run. It answers from any thread, once, through `WorkerShell.ended`; `cancel` may be called before that.
    package typealias Start = (Job, JobHolding) -> (@Sendable () -> Void)

    private struct Run {
        var held: JobHolding
        var address: JobAddress
        var cancel: @Sendable () -> Void
    }

    private let loop: EventLoop
    private let kinds: [String]
    private let slotCount: Int
    private let start: Start
    private var link: HubLink?
    private var timer: Loop.Timer?
    private var runs: [Run] = []
    /// Results that the hub has not heard, in their order.
    private var unsaid: [(held: JobHolding, message: JobMessage)] = []

    /// Results kept while the hub is away; the oldest is given up beyond it, and its job is run again.
    private static let unsaidLimit = 1_024

    package init(
        _ environment: NodeEnvironment, kinds: [String], slotCount: Int, on loop: EventLoop, start: @escaping Start
    ) throws {
        guard let hub = environment.hub else { throw NodeFailure("a worker needs a hub") }
        self.loop = loop
        self.kinds = kinds
        self.slotCount = slotCount
        self.start = start
        var dice = SystemRandomNumberGenerator()
        let link = HubLink(
            on: loop, to: hub, key: environment.key, role: .worker, incarnation: Incarnation(rawValue: dice.next()),
            announcement: Announcement(role: "worker", name: environment.name, pid: getpid(), state: "ready"),
            log: Log(environment.name), owner: self)
        self.link = link
        timer = try Loop.Timer(on: loop) { [weak self] in self?.beat() }
        timer?.arm(afterMilliseconds: Self.beatMilliseconds)
        link.start()
    }

    private static let beatMilliseconds = UInt64(JobLimits().beat / .milliseconds(1))

    /// A run is over. On the loop's thread; others post it.
    package func ended(_ held: JobHolding, _ result: Result<[Page], WorkerFailure>) {
        guard let place = runs.firstIndex(where: { $0.held == held }) else { return }
        let run = runs.remove(at: place)
        let message: JobMessage
        switch result {
        case .success(let pages): message = .done(held, pages: pages.map { Self.page($0, of: run.held, run.address) })
        case .failure(let failure): message = .failed(held, reason: failure.description)
        }
        if link?.isOpen == true {
            link?.say(message)
        } else {
            unsaid.append((held, message))
            if unsaid.count > Self.unsaidLimit { unsaid.removeFirst() }
        }
    }

    private static func page(_ page: Page, of held: JobHolding, _ address: JobAddress) -> JobPage {
        let version = page.version ?? (UInt64(held.token.term), held.token.rawValue)
        return JobPage(
            path: page.path ?? address.key, contentType: page.contentType, epoch: Epoch(rawValue: version.epoch),
            version: Version(rawValue: version.version), content: page.content)
    }

    private func beat() {
        if link?.isOpen == true, !runs.isEmpty { link?.say(.beat(runs.map(\.held))) }
        timer?.arm(afterMilliseconds: Self.beatMilliseconds)
    }

    // MARK: HubLinkOwner

    package func hubOpened() {
        link?.say(.worker(kinds: kinds, slotCount: slotCount, holding: runs.map(\.held) + unsaid.map(\.held)))
        for (_, message) in unsaid { link?.say(message) }
        unsaid = []
    }

    package func hubJob(_ message: JobMessage) {
        switch message {
        case .lease(let lease):
            let held = JobHolding(id: lease.id, token: lease.token)
            let job = Job(
                kind: lease.address.kind, key: lease.address.key, payload: lease.payload, attempt: lease.attempt,
                timeLimit: lease.timeLimit,
                minimums: lease.minimums.map {
                    Minimum(channel: $0.channel.text, lineage: $0.lineage.rawValue, version: $0.version.rawValue)
                }, run: (UInt64(lease.token.term), lease.token.rawValue))
            runs.append(Run(held: held, address: lease.address, cancel: {}))
            let cancel = start(job, held)
            if let place = runs.firstIndex(where: { $0.held == held }) { runs[place].cancel = cancel }
        case .revoke(let token): runs.first { $0.held.token == token }?.cancel()
        case .submit, .answer, .ended, .worker, .beat, .done, .failed, .command, .report, .fetch, .page, .want: break
        }
    }

    package func hubStop(_ message: StopMessage) {
        for run in runs { run.cancel() }
        link?.stop()
        loop.stop()
    }

    package func hubDirectory(_ message: DirectoryMessage) {}
    package func hubListener(_ message: ListenerMessage, descriptor: Int32) { close(descriptor) }
    package func hubAnswer(_ answer: Answer) {}
    package func hubClosed() {}
}
