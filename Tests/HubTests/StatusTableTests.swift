import Core
import HubCommand
import Testing

@Suite("hub status as text") struct StatusTableTests {
    private func status(jobs: JobSummary?) -> HubStatus {
        var stage = HubStatusStage()
        return stage.status(jobs: jobs)
    }

    @Test("The queue stands in a table of its own: what waits by class, what runs, dead letters, workers and slots")
    func queue() throws {
        let catalogue = try JobCatalogue([
            JobKind("page", shape: KeyShape("/{page}")),
            JobKind("thread", shape: KeyShape("/t/{thread}"), deadlineClass: .thread),
        ])
        let now = Instant(nanoseconds: 1_000_000_000)
        var queue = JobQueue(catalogue, term: 1, seed: 1, now: now)
        for number in 0..<12 { _ = queue.submit(JobRequest(JobAddress("page", "/\(number)")), now: now) }
        _ = queue.submit(JobRequest(JobAddress("thread", "/t/1")), now: now)
        queue.workerCame(
            JobWorkerID(rawValue: 1), name: "worker-1", kinds: ["page"], slotCount: 2, holding: [], now: now)
        let text = StatusTable.text(status(jobs: JobSummary(queue)))
        let lines = text.split(separator: "\n").map(String.init)
        let place = try #require(lines.firstIndex { $0.hasPrefix("QUEUE") })
        #expect(
            lines[place].split(separator: " ").map(String.init) == [
                "QUEUE", "THREAD", "PREVIEW", "CATALOG", "PAGE", "FRONT", "RUNNING", "ABSORBED", "DEAD", "WORKERS",
                "SLOTS",
            ])
        #expect(
            lines[place + 1].split(separator: " ").map(String.init) == [
                "open", "1", "0", "0", "10", "0", "2", "0", "0", "1", "2",
            ])
        queue.drain()
        #expect(StatusTable.text(status(jobs: JobSummary(queue))).contains("\ndraining "))
    }

    @Test("Without declared kinds there is no queue to show")
    func none() {
        #expect(!StatusTable.text(status(jobs: nil)).contains("QUEUE"))
    }
}

/// The status of a hub that has just begun.
private struct HubStatusStage {
    private var core = HubCore(
        specs: [], known: [], ledger: EpochLedger(term: 1, counter: 0),
        facts: .init(pid: 1, version: "0", listen: ["127.0.0.1:1"]), seed: 1, now: Instant(nanoseconds: 0))

    mutating func status(jobs: JobSummary?) -> HubStatus {
        var status = core.status(now: Instant(nanoseconds: 0))
        status.jobs = jobs
        return status
    }
}
