import CReferenceJobs
import Core
import Glibc
import Jobs

/// Jobs through desk, queue and store beside the plain C loop that does the same transactions, in turn, on the same disk.
enum JobsBenchmark {
    /// One size of transaction: so many jobs are put in and taken out by one synced commit.
    struct Measurement: Encodable {
        var group: Int
        var jobsPerSecond: Double
        var referenceJobsPerSecond: Double
        /// Ours to the reference's, the median of the pairs.
        var ratio: Double
        var lowest: Double
        var highest: Double
    }

    /// What a run is made of.
    static let pageBytes = 256

    /// - Throws: `BenchFailure` when the store fails.
    static func measure(group: Int, jobs: Int, pairs: Int) throws -> Measurement {
        let rounds = max(1, jobs / group)
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<pairs {
            let folder = try JobsFolder()
            let seconds = reference_jobs(
                folder.path + "/reference.sqlite", Int32(rounds), Int32(group), Int32(pageBytes))
            guard seconds > 0 else { throw BenchFailure("the C reference failed") }
            theirs.append(Double(rounds * group) / seconds)
            ours.append(Double(rounds * group) / (try run(folder.path + "/product.sqlite", rounds, group)))
        }
        let ratios = zip(ours, theirs).map { $0 / $1 }.sorted()
        return Measurement(
            group: group, jobsPerSecond: ours.sorted()[pairs / 2], referenceJobsPerSecond: theirs.sorted()[pairs / 2],
            ratio: ratios[pairs / 2], lowest: ratios[0], highest: ratios[pairs - 1])
    }

    /// Seconds for `rounds` times `group` jobs: submitted, given to a worker, done with a page; each round is one commit.
    private static func run(_ path: String, _ rounds: Int, _ group: Int) throws -> Double {
        let store = try SQLiteJobStore(path: path, wallOffset: 0)
        let catalogue = try JobCatalogue([JobKind("page", shape: try KeyShape("/{board}/{page}"))])
        var desk = JobDesk(
            JobQueue(catalogue, term: 1, seed: 1, now: Instant(nanoseconds: 0)), catalogue: catalogue)
        // More slots than one worker has: as many workers as it takes.
        let workerCount = (group + JobLimits.slotLimit - 1) / JobLimits.slotLimit
        for worker in 1...workerCount {
            desk.receive(
                .worker(kinds: ["page"], slotCount: JobLimits.slotLimit, holding: []), from: UInt64(worker),
                name: "worker-\(worker)", now: Instant(nanoseconds: 0))
        }
        let keys = (0..<group).map { "/b/\($0)" }
        let content = [UInt8](repeating: 0, count: pageBytes)
        var runs: [(worker: UInt64, held: JobHolding, key: String)] = []
        let start = Self.now
        for round in 0...rounds {
            let now = Self.now
            for (worker, held, key) in runs {
                let page = JobPage(
                    path: key, contentType: "text/html", epoch: Epoch(rawValue: 1),
                    version: Version(rawValue: held.token.rawValue), content: content)
                desk.receive(.done(held, pages: [page]), from: worker, name: "worker", now: now)
            }
            if round < rounds {
                for (place, key) in keys.enumerated() {
                    let line = UInt64(1000 + place % 16)
                    desk.receive(
                        .submit(number: 1, JobRequest(JobAddress("page", key)), awaitsEnd: false), from: line,
                        name: "front", now: now)
                }
            }
            runs.removeAll(keepingCapacity: true)
            guard let (changes, through) = desk.nextBatch() else { continue }
            try store.apply(changes)
            desk.wasCommitted(through: through)
            while let (peer, message) = desk.nextMessage() {
                switch message {
                case .lease(let lease):
                    runs.append((peer, JobHolding(id: lease.id, token: lease.token), lease.address.key))
                case .answer(_, .rejected(let reason)): throw BenchFailure("a job was rejected: \(reason)")
                default: break
                }
            }
        }
        let seconds = Double(Self.now.since(start).wholeNanoseconds) / 1e9
        guard desk.queue.counters.done == UInt64(rounds * group) else {
            throw BenchFailure("\(desk.queue.counters.done) of \(rounds * group) jobs were done")
        }
        return seconds
    }

    private static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Requests a second that are merged into entries that wait, without any disk.
    static func mergesPerSecond(count: Int = 2_000_000, keys: Int = 1_000) throws -> Double {
        let catalogue = try JobCatalogue([JobKind("page", shape: try KeyShape("/{board}/{page}"))])
        var queue = JobQueue(catalogue, term: 1, seed: 1, now: Instant(nanoseconds: 0))
        let requests = (0..<keys).map { JobRequest(JobAddress("page", "/board/\($0)")) }
        let start = Self.now
        for request in requests { _ = queue.submit(request, now: start) }
        while queue.nextDirective() != nil {}
        let changes = queue.changeCount
        let begin = Self.now
        for number in 0..<count { _ = queue.submit(requests[number % keys], now: begin) }
        let seconds = Double(Self.now.since(begin).wholeNanoseconds) / 1e9
        guard queue.changeCount == changes, queue.counters.merged == UInt64(count) else {
            throw BenchFailure("a merge changed what is kept")
        }
        return Double(count) / seconds
    }
}

/// A folder of its own below the present one, gone with the object: the disk that counts is the one a hub would use.
private final class JobsFolder {
    let path: String

    init() throws {
        var template = Array("./.bench-jobs-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw BenchFailure("no folder can be made here") }
        path = String(cString: made)
    }

    deinit {
        for name in ["reference.sqlite", "product.sqlite"] {
            for end in ["", "-wal", "-shm"] { unlink(path + "/" + name + end) }
        }
        rmdir(path)
    }
}
