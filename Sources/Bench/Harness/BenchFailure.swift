/// Why a benchmark could not be run, in words that say what to do.
package struct BenchFailure: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
