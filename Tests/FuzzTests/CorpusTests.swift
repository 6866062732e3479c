import FuzzTargets
import Testing

/// What the fuzzers begin with, and what they once found, in every run of the tests.
@Suite("Fuzz targets")
struct CorpusTests {
    @Test(
        "Every input of the corpus, whole, cut at every length and with every bit flipped",
        arguments: FuzzTarget.allCases)
    func corpus(_ target: FuzzTarget) throws {
        let inputs = try Corpus(target).inputs
        #expect(inputs.count >= 3, "\(target) has a corpus")
        for input in inputs {
            var what = "whole"
            do {
                try target.run(input.bytes)
                // Long inputs are long by one long text; its inside is all alike.
                for count in input.bytes.indices.prefix(400) {
                    what = "cut at \(count)"
                    try target.run(Array(input.bytes[..<count]))
                }
                for bit in 0..<min(input.bytes.count, 200) * 8 {
                    what = "bit \(bit) flipped"
                    var damaged = input.bytes
                    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                    try target.run(damaged)
                }
            } catch {
                Issue.record("\(target), line \(input.line), \(what): \(error)")
            }
        }
    }
}
