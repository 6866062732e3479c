/// What the queue's shell has to do next, in order. What it has to keep comes beside it, in `takeChanges`, numbered from 1.
package enum JobDirective: Sendable, Equatable {
    /// Give the job to the worker once `change` is on disk: a run whose entry is lost could begin a second time.
    case lease(JobWorkerID, JobLease)
    /// The run is no longer the worker's: it may stop.
    case revoke(JobWorkerID, JobToken)
    /// A run ended. To be told once `change` is on disk.
    case ended(JobEnding)
}

/// One run of a job, as a worker gets it.
package struct JobLease: Sendable, Equatable {
    package var id: JobID
    package var token: JobToken
    package var address: JobAddress
    package var payload: [UInt8]
    package var minimums: [JobMinimum]
    /// From 1.
    package var attempt: Int
    package var timeLimit: Duration
    /// The change that has to be on disk first.
    package var change: UInt64
}

/// A run that a worker says it has, after its line or the hub was away.
package struct JobHolding: Sendable, Equatable {
    package var id: JobID
    package var token: JobToken

    package init(id: JobID, token: JobToken) {
        self.id = id
        self.token = token
    }
}

/// The completion event. It is for every request for `address`, or for narrower work if it succeeded, that came before `token`.
package struct JobEnding: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case done
        /// It failed as often as it may, and is a dead letter.
        case dead(error: String)
        /// An operator took it out.
        case dropped
    }

    package var address: JobAddress
    package var token: JobToken
    package var outcome: Outcome
    package var change: UInt64
}

/// What an operator asks of an address, and what came of it.
package enum JobCommandAnswer: Sendable, Equatable {
    case changed
    case unknown
}
