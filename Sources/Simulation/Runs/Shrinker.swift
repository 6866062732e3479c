import Core

/// Finds a shorter plan of a seed that breaks the same promise: less time, fewer clients, fewer faults.
///
/// If it is not `isExhausted`, what it finds cannot do without any one of its faults, nor with one client less.
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

    /// Whether more tries were wanted than it was given.
    package private(set) var isExhausted = false

    /// The shortest that was found.
    package mutating func shrink() -> Shortening {
        shortenTime()
        var before: Shortening
        repeat {
            before = best
            dropFaults()
            dropClients()
        } while best != before && !isExhausted
        return best
    }

    /// Whether a plan breaks the promise still; the best is moved if it does.
    private mutating func stillFails(_ candidate: Shortening) -> Bool {
        guard runCount < runLimit else {
            isExhausted = true
            return false
        }
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

    /// Leaves out all, then ever smaller parts, as long as what is left still fails; at last one after the other until each is
    /// needed.
    private mutating func dropFaults() {
        var size = best.faults?.count ?? 0
        while size > 0 {
            var hasDropped = false
            var start = 0
            while start < best.faults?.count ?? 0 {
                var candidate = best
                let end = min(start + size, candidate.faults?.count ?? 0)
                candidate.faults?.removeSubrange(start..<end)
                if stillFails(candidate) { hasDropped = true } else { start += size }
            }
            guard size > 1 || (hasDropped && !isExhausted) else { return }
            size = max(1, size / 2)
        }
    }

    private mutating func dropClients() {
        var count = best.clients ?? plan.clientCount
        while count > 1 {
            let smaller = [count / 2, count - 1].first { fewer in
                var candidate = best
                candidate.clients = fewer
                return stillFails(candidate)
            }
            guard let smaller else { return }
            count = smaller
        }
    }
}
