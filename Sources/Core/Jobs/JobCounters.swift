/// What happened in the queue since the hub started. Figures only grow.
package struct JobCounters: Sendable, Equatable {
    package var queued: UInt64 = 0
    package var merged: UInt64 = 0
    /// Entries that a broader one took in.
    package var absorbed: UInt64 = 0
    /// Entries that came back because the one that took them in died.
    package var cameBack: UInt64 = 0
    /// Requests at the cap for which a broader entry was made.
    package var mergedUpward: UInt64 = 0
    package var leased: UInt64 = 0
    package var done: UInt64 = 0
    /// Runs that failed, for whatever reason, and were tried again.
    package var retried: UInt64 = 0
    /// Runs that took longer than their kind's limit.
    package var timedOut: UInt64 = 0
    /// Runs whose worker was silent for longer than the lease.
    package var leasesExpired: UInt64 = 0
    /// Results of a run that was not current. None was taken.
    package var lateResults: UInt64 = 0
    package var dead: UInt64 = 0
    /// Dead letters that went because there were too many.
    package var deadLettersForgotten: UInt64 = 0
    package var dropped: UInt64 = 0
    /// By `JobRejection`, in the order of its cases.
    package var rejected = [UInt64](repeating: 0, count: JobRejection.allCases.count)
    /// From the request to the start of the run, and from there to its end.
    package var wait = JobTimes()
    package var run = JobTimes()

    package init() {}

    mutating func reject(_ reason: JobRejection) { rejected[Int(reason.rawValue) - 1] += 1 }
}

/// Durations in buckets that quadruple from 1 ms.
package struct JobTimes: Sendable, Equatable {
    package static let bounds: [Double] = (0..<10).map { 0.001 * Double(1 << (2 * $0)) }
    package private(set) var counts = [UInt64](repeating: 0, count: JobTimes.bounds.count + 1)
    package private(set) var sum = 0.0

    mutating func record(from begin: Instant, to end: Instant) {
        let seconds = Double(Int64(bitPattern: end.nanoseconds &- begin.nanoseconds)) / 1e9
        sum += seconds
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    }

    package var report: ProcessReport.Histogram { .init(bounds: Self.bounds, counts: counts, sum: sum) }
}
