import CAllocationCount
import Foundation
import State
import StateBenchmarks
import Testing

@Suite("Speed", .serialized)
struct SpeedTests {
    @Test("The product and the plain C reference make the same bytes and hashes; how long they take is printed")
    func besideC() throws {
        let isLong = ProcessInfo.processInfo.environment["SWITCHBACK_BENCH"] == "1"
        let measurements =
            try isLong ? StateBenchmark.run() : StateBenchmark.run(pairCount: 1, ticksPerPair: 1, patchCount: 5)
        for measurement in measurements { print(measurement) }
        #expect(measurements.map(\.name) == ["close", "apply", "squash"])
    }

    @Test("Closing a tick allocates as often for ten thousand rows of numbers and short texts as for ten")
    func allocations() throws {
        var state = State()
        let rows: Table<Int, Crowd.Card> = state.table("rows")
        for key in 0..<20_000 { rows[key] = Crowd.Card(face: 1, suit: "hearts") }
        func tick(_ count: Int) -> Int {
            for key in 0..<count { rows[key]?.face &+= 1 }
            let before = allocation_count()
            let changes = state.closeAudiences()
            let after = allocation_count()
            return changes.count == 1 ? after - before : -1
        }
        _ = (tick(10_000), tick(10_000))
        let (few, many) = (tick(10), tick(10_000))
        #expect(few > 0 || allocation_count() == 0, "nothing is counted")
        #expect(few >= 0 && few == many, "\(few) for ten rows, \(many) for ten thousand")
    }
}
