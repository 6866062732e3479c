import Core

/// Finds a shorter plan of a seed that breaks the same promise: fewer faults, fewer clients, less time.
package struct Shrinker {
    private let plan: Plan
    private let promise: Promise
    private let tap: @Sendable () -> (any Tap)?
    private var best: Shortening
    private var runCount = 0
    private let runLimit: Int

    /// - Parameters:
    ///   - promise: what the whole plan broke.
    ///   - runLimit: how many worlds are tried at most.
    package init(
        _ plan: Plan, _ promise: Promise, runLimit: Int = 150, tap: @escaping @Sendable () -> (any Tap)? = { nil }
    ) {
        self.plan = plan
        self.promise = promise
        self.tap = tap
        self.runLimit = runLimit
        best = Shortening(faults: Array(plan.faults.indices))
    }

    /// The shortest that was found.
    package mutating func shrink() -> Shortening {
        shortenTime()
        dropClients()
        dropFaults()
        return best
    }

    /// Whether a plan breaks the promise still; the best is moved if it does.
    private mutating func stillFails(_ candidate: Shortening) -> Bool {
        guard runCount < runLimit else { return false }
        runCount += 1
        let outcome = SeedRun.run(plan.shortened(candidate), tap: tap())
        guard outcome.violation?.promise == promise else { return false }
        best = candidate
        return true
    }

    private mutating func shortenTime() {
        let whole: Double = plan.safety / .seconds(1)
        for share in [0.125, 0.25, 0.5, 0.75] {
            var candidate = best
            let seconds = (whole * share * 1000).rounded() / 1000
            candidate.seconds = seconds
            candidate.faults = plan.faults.indices.filter { plan.faults[$0].at / .seconds(1) < seconds }
            if stillFails(candidate) { return }
        }
    }

    /// Leaves out ever smaller parts, as long as what is left still fails.
    private mutating func dropFaults() {
        var size = max(1, (best.faults?.count ?? 0) / 2)
        while true {
            var start = 0
            while start < best.faults?.count ?? 0 {
                var candidate = best
                let end = min(start + size, candidate.faults?.count ?? 0)
                candidate.faults?.removeSubrange(start..<end)
                if !stillFails(candidate) { start += size }
            }
            guard size > 1 else { return }
            size = max(1, size / 2)
        }
    }

    private mutating func dropClients() {
        var count = plan.clientCount
        while count > 1 {
            var candidate = best
            candidate.clients = max(1, count / 2)
            if stillFails(candidate) {
                count /= 2
                continue
            }
            candidate.clients = count - 1
            guard stillFails(candidate) else { return }
            count -= 1
        }
    }
}
