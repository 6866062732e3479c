import Core

/// A worker as the simulation has it: honest, but it may be silent, cut off or killed at any moment.
struct SimulatedWorker {
    struct Run {
        var lease: JobLease
        var order: UInt64
        /// When the queue gave it out, which may be long before it came here.
        var startedAt: Instant
        /// The last time the hub was told of it.
        var heardAt: Instant
    }

    let name: String
    /// Nil while its line is away.
    var line: JobWorkerID?
    var runs: [Run] = []
    /// Runs that it was told to stop, or that ended with a former life of it: their results may still come, late.
    var ghosts: [Run] = []
    /// Says nothing until then: no beats, no results.
    var isSilent = false

    /// The hub hears of all its runs.
    mutating func tell(now: Instant) {
        for place in runs.indices { runs[place].heardAt = now }
    }

    var holding: [JobHolding] { runs.map { JobHolding(id: $0.lease.id, token: $0.lease.token) } }
}
