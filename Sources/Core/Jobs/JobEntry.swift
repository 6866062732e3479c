/// One accepted entry of the queue.
///
/// `ready → running → gone`; a failed run goes to `resting` and back to `ready`. `behind` waits for the run of its own key to
/// end. `held` was there when the hub started: perhaps a worker still has it. `absorbed` ends with the entry that took it in.
struct JobEntry: Sendable {
    enum State: Sendable {
        case ready
        case behind
        case resting(until: Instant)
        case held(until: Instant)
        case running(Run)
        case absorbed(by: JobID)
    }

    struct Run: Sendable {
        var token: JobToken
        /// The worker's name, and its line as far as it has one.
        var worker: String
        var startedAt: Instant
        /// Without a word from the worker the run is over then.
        var leaseUntil: Instant
        /// Whatever the worker says, the run is over then.
        var limitAt: Instant

        var endsAt: Instant { min(leaseUntil, limitAt) }
    }

    let id: JobID
    let place: JobPlace
    var deadlineClass: DeadlineClass
    var state: State
    var deadline: Instant
    let submittedAt: Instant
    var payload: [UInt8]
    var minimums: [JobMinimum]
    var attemptCount = 0
    var lastError: String?
    /// The worker of the last run, which is not asked again if there is another.
    var lastWorker: String?
    /// Runs up to this one are over, whatever a worker says.
    var fence = JobToken(rawValue: 0)
    /// Entries that it took in, in their order.
    var absorbed: [JobID] = []
    /// Requests that it stands for without an entry of their own.
    var coveredCount = 0
    /// Its place in a heap is current if the stamp is this.
    var stamp: UInt32 = 0
    /// When it wants to be looked at; other alarms of it are stale.
    var alarmAt: Instant?
    /// The change that put its present form on disk.
    var change: UInt64 = 0

    /// One more run of it.
    mutating func begin(_ run: Run) {
        state = .running(run)
        stamp &+= 1
        attemptCount += 1
        lastWorker = run.worker
    }

    /// Takes over what a later request for the same work asks. Answers whether that changes what has to be kept.
    mutating func merge(deadline other: Instant, payload new: [UInt8], minimums more: [JobMinimum], limit: Int) -> Bool
    {
        var isChanged = false
        if other < deadline {
            deadline = other
            isChanged = true
        }
        if !new.isEmpty, new != payload {
            payload = new
            isChanged = true
        }
        return raise(more, limit: limit) || isChanged
    }

    /// Raises the versions to wait for. A channel that began anew has another lineage, and the later word counts.
    mutating func raise(_ more: [JobMinimum], limit: Int) -> Bool {
        var isChanged = false
        for minimum in more {
            if let place = minimums.firstIndex(where: { $0.channel == minimum.channel }) {
                let old = minimums[place]
                guard old.lineage != minimum.lineage || old.version < minimum.version else { continue }
                minimums[place] = minimum
            } else {
                if minimums.count >= limit { minimums.removeFirst() }
                minimums.append(minimum)
            }
            isChanged = true
        }
        return isChanged
    }
}
