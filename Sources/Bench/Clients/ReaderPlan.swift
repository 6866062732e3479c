import FoundationEssentials

/// What one load generator of readers does; it comes as one argument, in JSON.
struct ReaderPlan: Codable {
    var clients: Int
    /// Bytes of the row that changes.
    var rowByteCount: Int
    /// What each client reads; every channel changes each tick.
    var channels: [String]
    /// Nanoseconds between two inputs of one client to the first channel; nil: nobody writes.
    var inputPeriod: UInt64?

    var text: String {
        guard let data = try? JSONEncoder().encode(self) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    init(clients: Int, rowByteCount: Int, channels: [String], inputPeriod: UInt64? = nil) {
        self.clients = clients
        self.rowByteCount = rowByteCount
        self.channels = channels
        self.inputPeriod = inputPeriod
    }

    init?(_ text: String) {
        guard let plan = try? JSONDecoder().decode(ReaderPlan.self, from: Data(text.utf8)) else { return nil }
        self = plan
    }
}

/// When what is done in turn by many is due, spread evenly: each of `count` once a period. What is late is not left out.
package struct EvenTurns: Equatable {
    package let base: UInt64
    package let period: UInt64
    package let count: Int
    private var taken: UInt64 = 0

    /// - Parameters:
    ///   - base: when the first is due, in nanoseconds.
    ///   - period: nanoseconds from one's turn to its next.
    ///   - count: how many take turns; at least 1.
    package init(base: UInt64, period: UInt64, count: Int) {
        self.base = base
        self.period = period
        self.count = count
    }

    /// When the next turn is due.
    package var nextAt: UInt64 { base + taken * period / UInt64(count) }

    /// The next turn that is due by now: who, and since when. Nil when nobody's is.
    package mutating func next(_ now: UInt64) -> (place: Int, due: UInt64)? {
        let due = nextAt
        guard due <= now else { return nil }
        defer { taken += 1 }
        return (Int(taken % UInt64(count)), due)
    }
}
