import CUV

/// Rests: while what has come is to wait for company anyway, looking at each socket as it gets something costs a wake-up each.
/// The loop sleeps instead, and then looks at all of them at once.
extension EventLoop {
    /// A sleep between two turns.
    struct Rest {
        /// In nanoseconds of CLOCK_MONOTONIC.
        var end: UInt64
        /// What ends it early.
        var descriptors: [Int32]
    }

    /// From a turn-end body: after this turn the loop sleeps until that instant, or until one of these descriptors, of which
    /// it looks at 64 at most, has something to be read. The turn behind the rest takes what is there without sleeping, and its end
    /// comes also when nothing was. Posted work, timers and all other streams wait for as long: keep it to a millisecond or two.
    package func rest(until instant: UInt64, unlessReadable descriptors: [Int32]) {
        wantedRest = Rest(end: instant, descriptors: descriptors)
    }

    func take(_ rest: Rest, now: UInt64) {
        stayAwake()
        guard rest.end > now else { return }
        rest.descriptors.withUnsafeBufferPointer {
            cuv_rest($0.baseAddress, Int32($0.count), rest.end - now)
        }
    }

    /// The next turn does not sleep, and has an end.
    func stayAwake() {
        uv_idle_start(awake.raw) { handle in
            owner(handle?.pointee.data, as: EventLoop.self)?.woke()
        }
    }

    private func woke() {
        uv_idle_stop(awake.raw)
        noteCallback()
        releaseSome()
    }
}
