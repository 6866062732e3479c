/// Which inputs ended a back, and how often: at the second time an input is poison, and the back is told to refuse it.
///
/// The shell keeps it in the state folder, so that the next hub knows it too. Bounded: the oldest are forgotten.
package struct PoisonLedger: Sendable, Equatable, Codable {
    package struct Entry: Sendable, Equatable, Codable {
        /// The process's name.
        package var back: String
        /// `PoisonedInput` as text.
        package var input: String
        package var crashCount: Int
    }

    package enum Verdict: Sendable, Equatable {
        /// It may have been chance: it is tried once more.
        case suspected
        case poisoned
    }

    /// How many inputs are remembered, about 60 bytes each.
    static let entryLimit = 256
    /// A back is told of so many.
    static let poisonLimit = 64

    package private(set) var entries: [Entry] = []

    package init() {}

    /// A back died at this input.
    package mutating func crashed(_ back: String, at input: PoisonedInput) -> Verdict {
        let text = "\(input)"
        var entry = Entry(back: back, input: text, crashCount: 0)
        if let place = entries.firstIndex(where: { $0.back == back && $0.input == text }) {
            entry = entries.remove(at: place)
        }
        entry.crashCount += 1
        entries.append(entry)
        if entries.count > Self.entryLimit { entries.removeFirst(entries.count - Self.entryLimit) }
        return entry.crashCount > 1 ? .poisoned : .suspected
    }

    /// What a back has to refuse, as SWITCHBACK_POISON says it; empty if there is nothing.
    package func poison(of back: String) -> String {
        entries.filter { $0.back == back && $0.crashCount > 1 }.suffix(Self.poisonLimit).map(\.input)
            .joined(separator: ",")
    }
}
