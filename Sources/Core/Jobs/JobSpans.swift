/// The queue's times in nanoseconds, worked out once: a `Duration` is 128 bits of attoseconds, and each job adds several.
struct JobSpans: Sendable {
    /// From a request to its deadline, by class and by kind.
    private let ofClasses: [UInt64]
    private let ofKinds: [UInt64]
    /// How long a run may take, by kind.
    private let runs: [UInt64]
    private let lease: UInt64

    init(_ catalogue: JobCatalogue, _ limits: JobLimits) {
        func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(bitPattern: duration.wholeNanoseconds) }
        ofClasses = limits.delays.map(nanoseconds)
        ofKinds = catalogue.kinds.map { nanoseconds($0.delay ?? limits.delays[$0.deadlineClass.rawValue]) }
        runs = catalogue.kinds.map { nanoseconds($0.timeLimit) }
        lease = nanoseconds(limits.lease)
    }

    /// When a request at `now` is due. `wish`: the class that it asks for.
    @inline(__always) func deadline(_ kind: Int, _ wish: DeadlineClass?, from now: Instant) -> Instant {
        Instant(nanoseconds: now.nanoseconds &+ (wish.map { ofClasses[$0.rawValue] } ?? ofKinds[kind]))
    }

    /// When a lease given or renewed at `now` ends.
    @inline(__always) func leaseEnd(from now: Instant) -> Instant { Instant(nanoseconds: now.nanoseconds &+ lease) }

    /// When a run that begins at `now` has taken too long.
    @inline(__always) func limit(_ kind: Int, from now: Instant) -> Instant {
        Instant(nanoseconds: now.nanoseconds &+ runs[kind])
    }
}
