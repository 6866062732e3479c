import FoundationEssentials

/// What a run was asked for, what it did, and whether everything that is promised held.
struct RunReport: Codable, Sendable {
    struct Promise: Codable, Sendable {
        let name: String
        let held: Bool
        /// The figures behind it.
        let detail: String
    }

    /// Work that was asked for and done, in one unit.
    struct Amount: Codable, Sendable {
        let name: String
        let asked: Double
        let done: Double
        /// Less than half proves nothing.
        var isEnough: Bool { done * 2 >= asked }
    }

    let run: String
    let seed: UInt64
    var seconds = 0.0
    var amounts: [Amount] = []
    var promises: [Promise] = []
    var figures: [String: Double] = [:]
    var work = Work()
    var isInterrupted = false

    init(run: String, seed: UInt64) {
        self.run = run
        self.seed = seed
    }

    var isEnough: Bool { !isInterrupted && amounts.allSatisfy(\.isEnough) }
    var held: Bool { promises.allSatisfy(\.held) }
    var isGood: Bool { held && isEnough && !promises.isEmpty }

    mutating func promise(_ name: String, _ held: Bool, _ detail: String) {
        promises.append(Promise(name: name, held: held, detail: detail))
    }

    mutating func asked(_ name: String, _ asked: Double, done: Double) {
        amounts.append(Amount(name: name, asked: asked, done: done))
    }

    /// The promises that all clients watch over, whatever the run does.
    mutating func promiseNoBreaches(_ kinds: [Breach], _ name: String) {
        let count = kinds.reduce(0) { $0 + work.breaches[$1] }
        let example = kinds.compactMap { work.breaches.examples[$0.rawValue] }.first
        promise(name, count == 0, "\(count)" + (example.map { ": \($0)" } ?? ""))
    }

    var resumePercentiles: (half: Double, p99: Double, most: Double)? {
        let sorted = work.resumes.sorted()
        guard let most = sorted.last else { return nil }
        func at(_ share: Double) -> Double {
            sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
        }
        return (at(0.5), at(0.99), most)
    }

    // MARK: For people and machines

    func json() -> String {
        struct Page: Encodable {
            let run: String
            let seed: UInt64
            let good: Bool
            let interrupted: Bool
            let seconds: Double
            let amounts: [Amount]
            let promises: [Promise]
            let figures: [String: Double]
            let slowestResume: [String]
            let breaches: Breaches
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let page = Page(
            run: run, seed: seed, good: isGood, interrupted: isInterrupted, seconds: seconds, amounts: amounts,
            promises: promises, figures: allFigures, slowestResume: work.slowestResume, breaches: work.breaches)
        guard let data = try? encoder.encode(page) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    func text() -> String {
        var text = "hub-rig \(run), seed \(seed): \(Self.short(seconds)) s\(isInterrupted ? ", interrupted" : "")\n"
        for amount in amounts {
            let remark = amount.isEnough ? "" : "  less than half: this proves nothing"
            text += "  did   \(amount.name): \(Self.short(amount.done)) of \(Self.short(amount.asked))\(remark)\n"
        }
        for (name, value) in allFigures.sorted(by: { $0.key < $1.key }) {
            text += "        \(name): \(Self.short(value))\n"
        }
        if let most = resumePercentiles?.most, most > 1000 {
            text += work.slowestResume.reduce("        the slowest resume:\n") { $0 + "          \($1)\n" }
        }
        for promise in promises {
            text +=
                "  \(promise.held ? "held " : "BROKEN")\(promise.held ? " " : "") \(promise.name): \(promise.detail)\n"
        }
        return text + (isGood ? "good\n" : "not good\n")
    }

    private var allFigures: [String: Double] {
        var figures = figures
        guard work.clients > 0 else { return figures }
        let counts: [(String, UInt64)] = [
            ("inputs sent", work.sent), ("inputs acked", work.acked), ("inputs refused", work.refused),
            ("inputs undecided", work.undecided), ("inputs open", work.open), ("inputs not taken", work.notTaken),
            ("commits", work.commits), ("states checked", work.statesChecked), ("connections", work.connections),
            ("gaps noticed", work.gaps),
        ]
        for (name, count) in counts { figures[name] = Double(count) }
        figures["resumes"] = Double(work.resumes.count)
        if let resume = resumePercentiles {
            figures["resume p50 ms"] = resume.half
            figures["resume p99 ms"] = resume.p99
            figures["resume max ms"] = resume.most
        }
        return figures
    }

    static func short(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        let scaled = (value * 100).rounded()
        guard abs(scaled) < 1e15 else { return "\(value)" }
        let (whole, rest) = Int64(abs(scaled)).quotientAndRemainder(dividingBy: 100)
        return "\(scaled < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
