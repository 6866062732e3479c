import Simulation

/// What `hub-simulate` was asked for.
struct Options {
    var seeds: ClosedRange<UInt64> = 1...100
    var isOneSeed = false
    var jobs = 2
    var shortening = Shortening()
    var shrinks = false
    var isJSON = false
    var isLive = false
    var defect: Defect?
    var wantsHelp = false

    /// Why the flags are not understood, in words that say what to write.
    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    static let help = """
        hub-simulate: whole clusters of the real cores in one thread, with a simulated network, clock and process table

        Usage: hub-simulate [--seeds 1..10000] [--jobs 2] [--json]
               hub-simulate --seed N [--shrink] [--live]

          --seeds A..B     runs these seeds (default 1..100)
          --jobs N         so many at a time, each in one thread (default 2)
          --seed N         runs one seed, and prints its last 200 events if a promise is broken
          --shrink         looks for a shorter plan of that seed that breaks the same promise
          --live           prints the events of that seed as they come
          --faults I,J     of that seed's faults only these (or none)
          --clients N      at most so many clients
          --seconds S      at most so long with faults
          --defect NAME    plants a mistake: \(Defect.allCases.map(\.rawValue).joined(separator: ", "))
          --json           the report as one JSON object
          --help           this

        Exit codes: 0 every promise held and at least half of what was asked for was done; 1 not so; 2 wrong flags.

        """

    init(_ arguments: [String]) throws(Mistake) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            switch flag {
            case "--help", "-h": wantsHelp = true
            case "--shrink": shrinks = true
            case "--json": isJSON = true
            case "--live": isLive = true
            case "--seeds": seeds = try Self.range(try Self.value(of: flag, &rest))
            case "--seed":
                let seed = try Self.number(of: flag, &rest)
                seeds = seed...seed
                isOneSeed = true
            case "--jobs": jobs = Int(clamping: try Self.number(of: flag, &rest))
            case "--clients": shortening.clients = Int(clamping: try Self.number(of: flag, &rest))
            case "--faults":
                let text = try Self.value(of: flag, &rest)
                guard let faults = Shortening.faults(text) else {
                    throw Mistake(description: "--faults: '\(text)' is neither numbers with commas nor none")
                }
                shortening.faults = faults
            case "--seconds":
                let text = try Self.value(of: flag, &rest)
                guard let seconds = Double(text), seconds > 0, seconds < 1e6 else {
                    throw Mistake(description: "--seconds: '\(text)' is not a time in seconds")
                }
                shortening.seconds = seconds
            case "--defect":
                let text = try Self.value(of: flag, &rest)
                guard let named = Defect(rawValue: text) else {
                    throw Mistake(description: "there is no defect '\(text)'; 'hub-simulate --help' lists them")
                }
                defect = named
            default: throw Mistake(description: "there is no flag '\(flag)'; 'hub-simulate --help' lists them")
            }
        }
        if (shrinks || isLive || shortening != Shortening()) && !isOneSeed {
            throw Mistake(description: "--shrink, --live, --faults, --clients and --seconds go with --seed N")
        }
    }

    private static func value(of flag: String, _ rest: inout ArraySlice<String>) throws(Mistake) -> String {
        guard let value = rest.popFirst() else { throw Mistake(description: "\(flag) needs a value") }
        return value
    }

    private static func number(of flag: String, _ rest: inout ArraySlice<String>) throws(Mistake) -> UInt64 {
        let text = try value(of: flag, &rest)
        guard let number = UInt64(text) else { throw Mistake(description: "\(flag): '\(text)' is not a number") }
        return number
    }

    private static func range(_ text: String) throws(Mistake) -> ClosedRange<UInt64> {
        let dots = text.firstIndex(of: ".") ?? text.endIndex
        let ends = [text[..<dots], text[dots...].drop { $0 == "." }].compactMap { UInt64($0) }
        guard ends.count == 2, ends[0] <= ends[1] else {
            throw Mistake(description: "--seeds: '\(text)' is not a range like 1..500")
        }
        return ends[0]...ends[1]
    }
}
