/// What `bench fan-out` is to measure, from its flags.
package struct FanOutOptions: Sendable, Equatable {
    package var clients = 1000
    package var hz = 20.0
    package var bytes = 4096
    package var seconds = 10
    package var fronts = 1
    /// Load generator processes; nil: one for each 500 clients, at most two.
    package var generators: Int?
    /// Pairs of runs against the reference; nil: the product alone.
    package var pairs: Int?
    package var wantsJSON = false
    package var wantsHelp = false

    /// What is wrong with the flags, and what to write instead.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    package static let help = """
        hub bench fan-out: one row of N bytes changes each tick and goes to every client

        Usage: hub bench fan-out [flags]

        Flags:
          --clients N       WebSocket clients, 1 to 50000. Default: 1000.
          --hz N            Ticks a second, 0.1 to 1000. Default: 20.
          --bytes N         Size of the row that changes, 16 to 200000. Default: 4096.
          --seconds N       How long to measure, 1 to 3600. Default: 10.
          --fronts N        Front processes, 1 to 64. Default: 1.
          --generators N    Load generator processes, 1 to 64. Default: one for each 500 clients, at most 2.
          --compare         Also run the same in plain C, in turn, and show the ratio of CPU per delivery.
          --pairs N         Pairs of runs for --compare, 1 to 100. Default: 3.
          --json            Print the result as JSON.
          --help            Show this page.

        It starts a back, the fronts and the load generators as processes, with sockets on 127.0.0.1; nothing is left behind.
        Latency counts from the tick's intended slot to its arrival at the client. CPU is what the fronts used.
        Exit codes: 0 measured, 1 could not run or deliveries were missing or wrong, 2 wrong flags.

        """

    package init() {}

    package init(_ arguments: [String]) throws(Mistake) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            switch parts.first ?? "" {
            case "--json": wantsJSON = true
            case "--help", "-h": wantsHelp = true
            case "--compare": pairs = pairs ?? 3
            case "--pairs": pairs = try Self.whole(parts, &rest, 1...100)
            case "--clients": clients = try Self.whole(parts, &rest, 1...50_000)
            case "--bytes": bytes = try Self.whole(parts, &rest, 16...200_000)
            case "--seconds": seconds = try Self.whole(parts, &rest, 1...3600)
            case "--fronts": fronts = try Self.whole(parts, &rest, 1...64)
            case "--generators": generators = try Self.whole(parts, &rest, 1...64)
            case "--hz":
                let text = try Self.value(parts, &rest)
                guard let value = Double(text), value >= 0.1, value <= 1000 else {
                    throw Mistake("--hz: '\(text)' is not a number from 0.1 to 1000")
                }
                hz = value
            default: throw Mistake("there is no flag '\(word)'; 'hub bench fan-out --help' lists them")
            }
        }
        guard hz * Double(seconds) >= 1 else { throw Mistake("no tick fits into --seconds \(seconds) at --hz \(hz)") }
    }

    /// The grid's step, as `Rate` makes it.
    package var periodNanoseconds: UInt64 { UInt64((1e9 / hz).rounded()) }
    package var generatorCount: Int { min(clients, generators ?? min(2, (clients + 499) / 500)) }

    private static func value(_ parts: [String], _ rest: inout ArraySlice<String>) throws(Mistake) -> String {
        if parts.count == 2 { return parts[1] }
        guard let next = rest.popFirst() else { throw Mistake("\(parts[0]) needs a value") }
        return next
    }

    private static func whole(
        _ parts: [String], _ rest: inout ArraySlice<String>, _ range: ClosedRange<Int>
    ) throws(Mistake) -> Int {
        let text = try value(parts, &rest)
        guard let value = Int(text), range.contains(value) else {
            throw Mistake(
                "\(parts[0]): '\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
