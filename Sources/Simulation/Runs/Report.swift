import FoundationEssentials

/// What a run of many seeds did, and whether that is enough to say that the promises hold.
package struct Report: Sendable {
    /// A seed in which a promise was broken.
    package struct Failure: Sendable {
        package let seed: UInt64
        package let plan: String
        package let violation: Violation
    }

    package let seedsAsked: Int
    package private(set) var faultsAsked = 0
    package private(set) var tally = Tally()
    package private(set) var failures: [Failure] = []

    package init(seedsAsked: Int) { self.seedsAsked = seedsAsked }

    package mutating func add(_ outcome: SeedRun.Outcome) {
        tally.add(outcome.tally)
        faultsAsked += outcome.plan.faults.count
        if let violation = outcome.violation {
            failures.append(Failure(seed: outcome.plan.seed, plan: outcome.plan.summary, violation: violation))
            failures.sort { $0.seed < $1.seed }
        }
    }

    /// What was asked for and not even half done; nil if all was done well enough. A run that did little proves little.
    package var shortfall: String? {
        let faults = tally.faults.values.reduce(0, +)
        let taken = tally.inputsApplied + tally.inputsRefusedByRule
        if tally.seeds * 2 < seedsAsked { return "only \(tally.seeds) of \(seedsAsked) seeds ran" }
        if faults * 2 < faultsAsked { return "only \(faults) of \(faultsAsked) faults happened" }
        // One seed may be all kills; many are not.
        if seedsAsked >= 20, taken * 2 < tally.inputsSent {
            return "only \(taken) of \(tally.inputsSent) inputs came through"
        }
        if tally.commitsCompared == 0 { return "no client ever held a state" }
        return nil
    }

    /// All promises held, and enough was done.
    package var isClean: Bool { failures.isEmpty && shortfall == nil }

    /// For people.
    package var text: String {
        let hours = (tally.simulatedSeconds / 36).rounded() / 100
        var lines = [
            "\(tally.seeds) of \(seedsAsked) seeds, \(hours) simulated hours, \(tally.events) events",
            "inputs: \(tally.inputsSent) sent; \(tally.inputsAcked) acked, \(tally.inputsRefused) refused, \(tally.inputsUndecided) undecided; applied \(tally.inputsApplied) times",
            "states: \(tally.commitsCompared) commits compared with \(tally.versions) versions, \(tally.viewsCompared) audiences, \(tally.textsCompared) texts; \(tally.connections) connections, and \(tally.hostileConnections) hostile",
            "messages: \(tally.messagesSaid) said to channels, \(tally.messages) told to clients, \(tally.messagesPassed) passed on, \(tally.messagesToFronts) told to fronts",
            "faults: \(tally.faults.values.reduce(0, +)) of \(faultsAsked)",
        ]
        for (kind, count) in tally.faults.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(kind.rawValue): \(count)")
        }
        for failure in failures { lines.append("seed \(failure.seed): \(failure.violation)\n  \(failure.plan)") }
        if let shortfall { lines.append("not enough was done: \(shortfall)") }
        lines.append(isClean ? "every promise held" : "NOT clean")
        return lines.joined(separator: "\n")
    }

    /// For programs: one object.
    package var json: String {
        struct Shown: Encodable {
            struct Failed: Encodable {
                let seed: UInt64, promise: String, what: String, seconds: Double, plan: String
            }
            let clean: Bool, shortfall: String?, seedsAsked: Int, seeds: Int, simulatedSeconds: Double, events: UInt64
            let faultsAsked: Int, faults: [String: Int]
            let inputsSent: Int, inputsApplied: Int, inputsAcked: Int, inputsRefused: Int, inputsUndecided: Int
            let commitsCompared: Int, versions: Int, viewsCompared: Int, textsCompared: Int, messages: Int,
                messagesSaid: Int,
                messagesPassed: Int, messagesToFronts: Int, connections: Int, hostileConnections: Int
            let failures: [Failed]
        }
        var faults: [String: Int] = [:]
        for (kind, count) in tally.faults { faults[kind.rawValue] = count }
        return WorldJSON.text(
            Shown(
                clean: isClean, shortfall: shortfall, seedsAsked: seedsAsked, seeds: tally.seeds,
                simulatedSeconds: tally.simulatedSeconds, events: tally.events, faultsAsked: faultsAsked,
                faults: faults, inputsSent: tally.inputsSent, inputsApplied: tally.inputsApplied,
                inputsAcked: tally.inputsAcked, inputsRefused: tally.inputsRefused,
                inputsUndecided: tally.inputsUndecided, commitsCompared: tally.commitsCompared,
                versions: tally.versions,
                viewsCompared: tally.viewsCompared, textsCompared: tally.textsCompared,
                messages: tally.messages,
                messagesSaid: tally.messagesSaid, messagesPassed: tally.messagesPassed,
                messagesToFronts: tally.messagesToFronts, connections: tally.connections,
                hostileConnections: tally.hostileConnections,
                failures: failures.map {
                    .init(
                        seed: $0.seed, promise: $0.violation.promise.rawValue, what: $0.violation.what,
                        seconds: $0.violation.seconds, plan: $0.plan)
                }))
    }
}
