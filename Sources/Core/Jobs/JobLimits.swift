/// The times and counts of the job queue, each with what it costs.
package struct JobLimits: Sendable, Equatable {
    /// Entries that wait or run, about 300 bytes each and their payload. Beyond it a request is merged upward or refused.
    package var entryLimit = 100_000
    /// Entries remembered under a broader one that took them in. Beyond it the broader one only counts what it stands for.
    package var absorbedLimit = 100_000
    /// Dead letters kept; the oldest goes first, counted.
    package var deadLetterLimit = 1_000
    /// A request's payload, kept in memory and in the store until the job is done.
    package var payloadBytes = Limits.jobPayloadBytes
    /// Channels whose version one job may wait for.
    package var minimumLimit = 64
    /// How long a worker may be silent before its jobs are given to others.
    package var lease: Duration = .seconds(30)
    /// How often a worker says which jobs it has.
    package var beat: Duration = .seconds(10)
    /// Runs of a job before it is a dead letter.
    package var attemptLimit = 5
    package var backoffFirst: Duration = .seconds(1)
    package var backoffLimit: Duration = .seconds(60)
    /// How long the keys of an earlier hub wait for a worker to say that it has them.
    package var holdAfterRestart: Duration = .seconds(30)
    /// The delay of each class, in the order of `DeadlineClass`.
    package var delays = DeadlineClass.allCases.map(\.defaultDelay)
    /// The content of one page, and of all pages of one result. A result is one frame.
    package static let pageBytes = 4 << 20
    /// Workers' lines at once, and the jobs that one may have at a time.
    package static let workerLimit = 256
    package static let slotLimit = 256
    /// An error's text as it is kept.
    package static let errorBytes = 1_000

    package init() {}
}
