import Testing
import Loop

@Suite struct TimeTests {
    @Test("A grid of fifty instants never fires early, fires each once, and does not drift") func grid() throws {
        try withLoop { loop in
            let period: UInt64 = 2_000_000
            let begin = loop.nowNanoseconds + period
            var slot: UInt64 = 0
            var earlyCount = 0
            var timer: GridTimer?
            timer = try GridTimer(on: loop) {
                if loop.nowNanoseconds < begin + slot * period { earlyCount += 1 }
                slot += 1
                if slot < 50 { timer?.arm(atNanoseconds: begin + slot * period) }
            }
            timer?.arm(atNanoseconds: begin)
            try loop.wait(for: "fifty slots") { slot == 50 }
            #expect(earlyCount == 0)
            // Each slot has its own instant, so lateness does not add up: the machine may be slow, not fifty times over.
            #expect(loop.nowNanoseconds >= begin + 49 * period)
            timer?.close()
            timer = nil
        }
    }

    @Test("A grid timer armed for the past fires at once, and only once") func past() throws {
        try withLoop { loop in
            var fireCount = 0
            let timer = try GridTimer(on: loop) { fireCount += 1 }
            for instant: UInt64 in [0, 1, loop.nowNanoseconds - 1] {
                let before = fireCount
                timer.arm(atNanoseconds: instant)
                try loop.wait(for: "the past") { fireCount == before + 1 }
            }
            try turnsPass(loop, milliseconds: 5)
            #expect(fireCount == 3)
        }
    }

    @Test(
        "A disarmed or closed timer does not fire, a rearmed one fires for the last instant only",
        arguments: [Change.disarm, .close, .rearm, .closeInside])
    func change(_ change: Change) throws {
        try withLoop { loop in
            var gridFireCount = 0, timerFireCount = 0
            var grid: GridTimer?
            var timer: Loop.Timer?
            grid = try GridTimer(on: loop) {
                gridFireCount += 1
                if change == .closeInside { grid?.close() }
            }
            timer = try Loop.Timer(on: loop) {
                timerFireCount += 1
                if change == .closeInside { timer?.close() }
            }
            let soon = loop.nowNanoseconds + 3_000_000
            grid?.arm(atNanoseconds: soon)
            timer?.arm(afterMilliseconds: 3)
            switch change {
            case .disarm: grid?.disarm(); timer?.disarm()
            case .close: grid?.close(); timer?.close()
            case .rearm: grid?.arm(atNanoseconds: soon + 1_000_000); timer?.arm(afterMilliseconds: 4)
            case .closeInside: break
            }
            try turnsPass(loop, milliseconds: 20)
            let expected = change == .rearm || change == .closeInside ? 1 : 0
            #expect(gridFireCount == expected)
            #expect(timerFireCount == expected)
            #expect(timer?.isArmed == false)
            grid?.close()
            grid?.arm(atNanoseconds: 1)
            timer?.close()
            timer?.arm(afterMilliseconds: 1)
            try turnsPass(loop, milliseconds: 5)
            #expect(gridFireCount == expected && timerFireCount == expected)
            (grid, timer) = (nil, nil)
        }
    }

    enum Change { case disarm, close, rearm, closeInside }

    /// Lets the loop run while this much time passes, for what should not happen to have its chance.
    private func turnsPass(_ loop: EventLoop, milliseconds: UInt64) throws {
        let until = loop.nowNanoseconds + milliseconds * 1_000_000
        var passed = false
        let clock = try GridTimer(on: loop) { passed = true }
        clock.arm(atNanoseconds: until)
        try loop.wait(for: "time") { passed }
        clock.close()
    }
}
