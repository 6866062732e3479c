import Glibc

/// Waiting for what other processes do.
enum Wait {
    private static let stepMilliseconds: UInt64 = 10

    static var nowNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Asks again and again until it is so. False when it is not in time, or when the run is interrupted.
    static func until(
        _ milliseconds: UInt64, evenIfInterrupted: Bool = false, _ isSo: () async -> Bool
    ) async -> Bool {
        let end = nowNanoseconds + milliseconds * 1_000_000
        while true {
            if await isSo() { return true }
            guard nowNanoseconds < end, evenIfInterrupted || !Interrupt.isAsked else { return false }
            try? await Task.sleep(nanoseconds: stepMilliseconds * 1_000_000)
        }
    }

    /// Lets time pass; ends early when the run is interrupted.
    static func pass(_ milliseconds: UInt64) async { _ = await until(milliseconds) { false } }
}
