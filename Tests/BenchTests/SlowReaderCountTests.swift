import Bench
import Testing

/// What a reader of 1 KiB/s on a stream of 100 KiB/s costs the front that serves 200 others: counts, in memory, so that the
/// machine's load is not in them.
@Suite(.serialized) struct SlowReaderCountTests {
    private static let readers = 200

    /// A front that is past what its first ticks grow.
    private static func front(
        withSlowReader: Bool, ticks: Int
    ) throws -> FrontFanOut {
        let front = try FrontFanOut(
            readers: readers, withSlowReader: withSlowReader, past: .seconds(1), ticks: ticks + 40)
        front.run(40)
        return front
    }

    @Test("A slow reader is written to when its kernel has room, and the other 200 as without it")
    func writes() throws {
        let (without, with) = (
            try Self.front(withSlowReader: false, ticks: 120), try Self.front(withSlowReader: true, ticks: 120)
        )
        let before = (without.written, with.written)
        without.run(120)
        with.run(120)
        let writes = with.written.toSlowReader - before.1.toSlowReader
        // 51 bytes a tick of a squash of 5 KiB: once in about a hundred ticks.
        #expect((1...2).contains(writes), "\(writes)")
        let others = with.written.bytes - before.1.bytes - (without.written.bytes - before.0.bytes)
        #expect(others > 0 && others <= writes * 2 * FrontFanOut.chunkBytes, "\(others) bytes for the slow reader")
    }

    #if !DEBUG
        @Test(
            "While a slow reader waits, a tick of 200 others takes the same instructions within 0.5 %; with its squashes, within 5 %"
        )
        func instructions() throws {
            let count: CountCommand.SlowReader = try BenchProcess.result(["bench-count", "slow-reader"])
            #expect(count.readers == 200 && count.instructionsWithout > 1000 && count.writesWithout == 200, "\(count)")
            #expect(count.moreWhileItWaits.magnitude < count.instructionsWithout * 0.005, "\(count)")
            // A squash of a hundred patches is the slow reader's own; it takes one tick in a hundred.
            #expect(count.instructionsWith < count.instructionsWithout * 1.05, "\(count)")
            #expect(count.writesWith < count.writesWithout * 1.02, "\(count)")
        }
    #endif
}
