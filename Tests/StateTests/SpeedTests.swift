import Foundation
import Glibc
import State
import StateBenchmarks
import Testing

@Suite("Speed", .serialized)
struct SpeedTests {
    @Test("The product and the plain C reference make the same bytes and hashes; how long they take is printed")
    func besideC() throws {
        let isLong = ProcessInfo.processInfo.environment["SWITCHBACK_BENCH"] == "1"
        let measurements = try StateBenchmark.run(pairCount: isLong ? 15 : 3, ticksPerPair: isLong ? 20 : 2)
        for measurement in measurements { print(measurement) }
        #expect(measurements.map(\.name) == ["close", "apply", "squash"])
    }
}
