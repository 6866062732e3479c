import Loop
import Testing

@Suite struct TurnTimesTests {
    @Test(
        "A turn counts where its time is at most the bound",
        arguments: [
            (0, 0), (1, 0), (1000, 0), (1001, 1), (2000, 1), (2001, 2), (4_096_000, 12), (4_096_001, 13),
            (65_536_000, 16), (65_536_001, 17), (.max, 17),
        ] as [(UInt64, Int)])
    func buckets(_ nanoseconds: UInt64, _ bucket: Int) {
        var turns = TurnTimes()
        turns.record(nanoseconds)
        #expect(turns.counts.firstIndex(of: 1) == bucket && turns.counts.reduce(0, +) == 1)
        #expect(turns.longestNanoseconds == nanoseconds && turns.bounds.count == turns.counts.count - 1)
        if bucket < turns.bounds.count { #expect(Double(nanoseconds) / 1e9 <= turns.bounds[bucket]) }
        if bucket > 0 { #expect(Double(nanoseconds) / 1e9 > turns.bounds[bucket - 1]) }
    }

    @Test("A loop's turns are timed from their first callback to the last turn-end body") func turns() throws {
        try withLoop { loop in
            var fired = false
            let began = loop.nowNanoseconds
            var spent: UInt64 = 0
            let timer = try Loop.Timer(on: loop) {
                fired = true
                let start = loop.nowNanoseconds
                while loop.nowNanoseconds < start + 3_000_000 {}
                spent = loop.nowNanoseconds - start
            }
            timer.arm(afterMilliseconds: 1)
            // A turn is over at the next one's begin.
            try loop.wait(for: "the end of the timer's turn") { fired && loop.turns.longestNanoseconds >= 3_000_000 }
            #expect(loop.turns.longestNanoseconds >= spent && loop.turns.counts.reduce(0, +) >= 1)
            // The sleep before it is nobody's turn.
            #expect(loop.turns.sumNanoseconds <= loop.nowNanoseconds - began + spent)
        }
    }
}
