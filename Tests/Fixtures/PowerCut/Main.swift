import CPowerCut
import Core
import Glibc
import JobSimulation
import Jobs

/// Works on a job store on a disk that forgets, and says on standard output what was acknowledged, until the power is cut.
///
/// Arguments: folder, where what survived goes, the change at which the cut comes, seed, and whether the disk lies about syncs.
/// Lines: `a ADDRESS AFTER`: a request was accepted, only a run with a token above AFTER does it. `e ADDRESS TOKEN`: a run is done
/// and its page kept.
@main
struct Main {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 6, let at = Int(words[3]), let seed = UInt32(words[4]) else { exit(2) }
        power_cut_begin(words[1], words[2], at, seed, words[5] == "lying" ? 1 : 0)
        let store = try SQLiteJobStore(path: words[1] + "/jobs.sqlite", wallOffset: 0)
        var writer = Writer(store: store, seed: UInt64(seed), queue: try queue(seed: UInt64(seed)))
        while true { try writer.round() }
    }

    private static func queue(seed: UInt64) throws -> JobQueue {
        var queue = JobQueue(
            try JobSimulation.declared(), term: 1, seed: seed, now: Instant(nanoseconds: 1_000_000_000))
        queue.workerCame(
            JobWorkerID(rawValue: 1), name: "worker", kinds: ["site", "board", "pages", "page", "thread", "catalog"],
            slotCount: 4, holding: [], now: Instant(nanoseconds: 1_000_000_000))
        return queue
    }
}

/// One round: some requests, some results, one commit, and what it made true.
struct Writer {
    let store: SQLiteJobStore
    var dice: Dice
    var queue: JobQueue
    private var leases: [JobLease] = []
    private let now = Instant(nanoseconds: 1_000_000_000)

    init(store: SQLiteJobStore, seed: UInt64, queue: JobQueue) {
        self.store = store
        self.queue = queue
        dice = Dice(seed: seed)
    }

    mutating func round() throws {
        var text = ""
        for _ in 0..<(1 + dice.next() % 5) {
            let address =
                dice.next() % 12 == 0
                ? JobAddress("board", "/\(dice.next() % 2)")
                : JobAddress("page", "/\(dice.next() % 2)/\(dice.next() % 40)")
            let receipt = queue.submit(JobRequest(address), now: now)
            if case .rejected = receipt.answer { continue }
            text += "a \(address) \(receipt.after)\n"
        }
        while dice.next() % 4 != 0, let lease = leases.popLast() {
            let content = [UInt8](repeating: 0x2E, count: Int(dice.next() % 9_000))
            let page = JobPage(
                path: lease.address.key, contentType: "text/plain", epoch: Epoch(rawValue: 1),
                version: Version(rawValue: lease.token.rawValue), content: content)
            queue.done(
                JobWorkerID(rawValue: 1), JobHolding(id: lease.id, token: lease.token), pages: [page], now: now)
        }
        try commit(&text)
        _ = text.utf8.withContiguousStorageIfAvailable { write(1, $0.baseAddress, $0.count) }
    }

    private mutating func commit(_ text: inout String) throws {
        let changes = queue.takeChanges()
        var given: [JobLease] = []
        while let directive = queue.nextDirective() {
            switch directive {
            case .lease(_, let lease): given.append(lease)
            case .revoke: break
            case .ended(let ending): text += "e \(ending.address) \(ending.token)\n"
            }
        }
        try store.apply(changes)
        leases += given
    }
}
