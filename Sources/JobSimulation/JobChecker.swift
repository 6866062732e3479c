import Core

/// What must hold of the queue (G7), told by what was seen from outside: requests that were accepted, runs that began and ended.
struct JobChecker {
    /// What was broken, in words that name the address.
    struct Violation: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    private let catalogue: JobCatalogue
    /// The order of the last accepted request, and of the last run that was done or died, by address.
    private var requested: [JobAddress: UInt64] = [:]
    private var built: [JobAddress: UInt64] = [:]
    private var died: [JobAddress: UInt64] = [:]
    /// The last run that was given out of each entry.
    private var current: [JobID: JobToken] = [:]
    private(set) var acceptedCount = 0
    private(set) var doneCount = 0

    init(_ catalogue: JobCatalogue) { self.catalogue = catalogue }

    /// A request was answered with `queued` or `merged`; `order` is a number that runs and requests share.
    mutating func accepted(_ address: JobAddress, order: UInt64) {
        acceptedCount += 1
        requested[address] = max(requested[address] ?? 0, order)
    }

    /// A run began. `others` are runs of the same address whose workers live, were heard in time and are within their limit.
    mutating func began(_ lease: JobLease, others: Int) throws(Violation) {
        guard others == 0 else { throw Violation("\(lease.address) runs \(others + 1) times at once") }
        current[lease.id] = lease.token
    }

    /// The queue took a result.
    func taken(_ held: JobHolding, _ address: JobAddress) throws(Violation) {
        guard current[held.id] == held.token else {
            throw Violation("\(address): the result of run \(held.token) was taken, which is not the current one")
        }
    }

    /// The end of a run is on disk. `order` is when it began.
    mutating func ended(_ address: JobAddress, _ outcome: JobEnding.Outcome, order: UInt64) {
        switch outcome {
        case .done:
            doneCount += 1
            built[address] = max(built[address] ?? 0, order)
        case .dead: died[address] = max(died[address] ?? 0, order)
        case .dropped: break
        }
    }

    /// At the end, when nothing waits or runs: every request has a run after it.
    func finish() throws(Violation) {
        for (address, order) in requested.sorted(by: { $0.key < $1.key }) {
            if (died[address] ?? 0) > order { continue }
            let places = [address] + catalogue.broader(than: address)
            guard places.contains(where: { (built[$0] ?? 0) > order }) else {
                throw Violation("\(address): nothing was built after its request, and it is no dead letter")
            }
        }
    }
}
