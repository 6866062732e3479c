/// What a run is to do, from its flags. Every run takes some of them; which, `RigCommand.runs` says.
package struct RigOptions: Sendable, Equatable {
    /// What is killed or stopped.
    package enum Victim: String, Sendable, CaseIterable, Codable { case back, front, hub }

    package var victim: Victim?
    package var cycles = 100
    package var clients: Int?
    /// Inputs a second of each client.
    package var rate: Double?
    package var seed: UInt64 = 1
    package var fronts = 3
    package var backs = 4
    package var seconds: Double?
    /// What the 99th of 100 resumes may take, in seconds.
    package var resumeWithin = 1.0
    /// By how many percent figures that should be the same may differ.
    package var tolerance = 5.0
    /// How many jobs are asked for.
    package var count: Int?
    /// A worker is killed every so many seconds.
    package var killEvery: Double?
    package var hubKills = 3
    package var wantsJSON = false
    package var wantsHelp = false

    /// What is wrong with the flags, and what to write instead.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    package init() {}

    /// - Parameter known: the flags that this run takes, without dashes.
    package init(_ arguments: [String], run: String, known: [String]) throws(Mistake) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let name = String((parts.first ?? "").drop { $0 == "-" })
            if word == "--help" || word == "-h" {
                wantsHelp = true
                continue
            }
            guard word.hasPrefix("--"), known.contains(name) || name == "json" else {
                throw Mistake("there is no flag '\(word)'; 'hub-rig \(run) --help' lists them")
            }
            if name == "json" {
                wantsJSON = true
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw Mistake("--\(name) needs a value")
            }
            try set(name, value)
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(Mistake) {
        switch name {
        case "victim":
            guard let victim = Victim(rawValue: value) else {
                throw Mistake("--victim: '\(value)' is not back, front or hub")
            }
            self.victim = victim
        case "cycles": cycles = try Self.whole(name, value, 1...100_000)
        case "clients": clients = try Self.whole(name, value, 1...20_000)
        case "fronts": fronts = try Self.whole(name, value, 1...32)
        case "backs": backs = try Self.whole(name, value, 1...32)
        case "seed":
            guard let seed = UInt64(value) else { throw Mistake("--seed: '\(value)' is not a whole number") }
            self.seed = seed
        case "rate": rate = try Self.number(name, value, 0.01...1000)
        case "resume-within": resumeWithin = try Self.number(name, value, 0.01...600)
        case "tolerance": tolerance = try Self.number(name, value, 0...1000)
        case "count": count = try Self.whole(name, value, 1...1_000_000)
        case "kill-every": killEvery = try Self.duration(name, value)
        case "hub-kills": hubKills = try Self.whole(name, value, 0...100)
        case "for": seconds = try Self.duration(name, value)
        default: throw Mistake("--\(name) is not known")
        }
    }

    private static func whole(_ name: String, _ text: String, _ range: ClosedRange<Int>) throws(Mistake) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw Mistake("--\(name): '\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func number(_ name: String, _ text: String, _ range: ClosedRange<Double>) throws(Mistake) -> Double {
        guard let value = Double(text), range.contains(value) else {
            throw Mistake("--\(name): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `90`, `90s`, `500ms`, `10m` or `1h`, in seconds.
    private static func duration(_ name: String, _ text: String) throws(Mistake) -> Double {
        if text.hasSuffix("ms"), let value = Double(text.dropLast(2)), value > 0 { return value / 1000 }
        let factors: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let factor = text.last.flatMap { factors[$0] }
        guard let value = Double(factor == nil ? text[...] : text.dropLast()), value > 0, value <= 100_000 else {
            throw Mistake("--\(name): '\(text)' is not a time, as 90s or 10m")
        }
        return value * (factor ?? 1)
    }
}
