import Core

/// What is left of a seed's plan: so it can be said in a command, and tried again.
package struct Shortening: Sendable, Equatable {
    /// The places of the faults that stay; nil for all.
    package var faults: [Int]?
    /// At most so many clients.
    package var clients: Int?
    /// At most so long with faults.
    package var seconds: Double?

    package init(faults: [Int]? = nil, clients: Int? = nil, seconds: Double? = nil) {
        self.faults = faults
        self.clients = clients
        self.seconds = seconds
    }

    /// As flags of `hub-simulate`.
    package var flags: String {
        var flags = ""
        if let faults {
            flags += " --faults \(faults.isEmpty ? "none" : faults.map(String.init).joined(separator: ","))"
        }
        if let clients { flags += " --clients \(clients)" }
        if let seconds { flags += " --seconds \(seconds)" }
        return flags
    }

    /// What `--faults` says: numbers with commas, or `none`. Nil if it says neither.
    package static func faults(_ text: String) -> [Int]? {
        if text == "none" { return [] }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = words.compactMap { Int($0) }
        return numbers.count == words.count ? numbers : nil
    }
}

extension Plan {
    /// The same seed's plan with less in it.
    package func shortened(_ shortening: Shortening) -> Plan {
        var plan = self
        if let kept = shortening.faults {
            plan.faults = faults.indices.filter(kept.contains).map { faults[$0] }
        }
        if let clients = shortening.clients { plan.clientCount = min(clientCount, max(1, clients)) }
        if let seconds = shortening.seconds { plan.safety = min(safety, .milliseconds(Int64(seconds * 1000))) }
        return plan
    }
}
