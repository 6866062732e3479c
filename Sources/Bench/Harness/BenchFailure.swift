/// Why a benchmark could not be run, in words that say what to do.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
