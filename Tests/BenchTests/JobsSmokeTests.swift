import Bench
import FoundationEssentials
import Testing

/// The queue's benchmark at a small size. What was done is checked, clocks are not.
@Suite(.serialized) struct JobsSmokeTests {
    private struct Result: Decodable {
        struct Measurement: Decodable {
            var group: Int
            var jobsPerSecond: Double
            var referenceJobsPerSecond: Double
            var ratio: Double
        }

        var measurements: [Measurement]
        var mergesPerSecond: Double
        var pairs: Int
    }

    @Test(
        "Jobs through queue and store and through plain SQLite in C, one and 64 in a commit, and merges without a disk")
    func jobs() throws {
        let (output, status) = try BenchProcess.run(["jobs", "--json", "--jobs", "256", "--pairs", "1"])
        let result = try JSONDecoder().decode(Result.self, from: Data(output))
        #expect(status == 0 && result.pairs == 1)
        #expect(result.measurements.map(\.group) == [1, 64])
        for one in result.measurements {
            #expect(one.jobsPerSecond > 0 && one.referenceJobsPerSecond > 0 && one.ratio > 0)
        }
        #expect(result.mergesPerSecond > 0)
    }

    @Test("Wrong flags are said, with exit code 2", arguments: ["--jobs", "--pears", "--pairs=0"])
    func wrong(_ flag: String) throws {
        let (output, status) = try BenchProcess.run(["jobs", flag])
        #expect(status == 2 && output.isEmpty)
    }
}
