/// Reads the flags of a benchmark one after the other, and says what is wrong with one in words that help.
struct FlagReader {
    private var rest: ArraySlice<String>
    private let benchmark: String
    /// The flag that `next` answered last, and the value that stood in the same word.
    private var flag = ""
    private var attached: String?

    /// - Parameter benchmark: its name, for messages.
    init(_ arguments: [String], of benchmark: String) {
        rest = arguments[...]
        self.benchmark = benchmark
    }

    /// The next flag, as `--json`; nil at the end.
    mutating func next() -> String? {
        guard let word = rest.popFirst() else { return nil }
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        flag = parts.first ?? ""
        attached = parts.count == 2 ? parts[1] : nil
        return flag
    }

    /// Its value, a whole number within a range.
    mutating func whole(_ range: ClosedRange<Int>) throws(BenchFailure) -> Int {
        let text = try text()
        guard let value = Int(text), range.contains(value) else {
            throw BenchFailure(
                "\(flag): '\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Its value, a number within a range.
    mutating func number(_ range: ClosedRange<Double>) throws(BenchFailure) -> Double {
        let text = try text()
        guard let value = Double(text), range.contains(value) else {
            throw BenchFailure("\(flag): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Its value as it stands.
    mutating func text() throws(BenchFailure) -> String {
        if let attached { return attached }
        guard let next = rest.popFirst() else { throw BenchFailure("\(flag) needs a value") }
        return next
    }

    /// What is said of a flag that nobody knows.
    var unknown: BenchFailure { BenchFailure("there is no flag '\(flag)'; 'hub bench \(benchmark) --help' lists them") }
}
