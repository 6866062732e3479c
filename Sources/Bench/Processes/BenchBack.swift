import BackChannel
import Glibc
import Synchronization

/// The back of a benchmark: `bench-back HZ BYTES`, then the options of any back.
enum BenchBack {
    struct Settings {
        var byteCount = 4096
        var rate = Rate.hertz(20)
    }

    /// Processors are made from their type, so what this process was told at its start is here.
    static let settings = Mutex(Settings())
    static let channel = "bench/fan-out"

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard arguments.count >= 2, let hz = Double(arguments[0]), let byteCount = Int(arguments[1]) else {
            return BenchCommand.complain("bench-back needs HZ BYTES and a back's options", 2)
        }
        let rate = Rate.hertz(hz)
        settings.withLock { $0 = Settings(byteCount: byteCount, rate: rate) }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst(2))) {
                $0.channels("bench/*", FanOut.self, rate: rate)
            }
            return 0
        } catch {
            return BenchCommand.complain("the back: \(error)", 1)
        }
    }
}

/// One row, changed whole each tick.
struct FanOut: Processor {
    struct Blob: Row {
        var bytes: [UInt8] = []
        static let schema = Schema<Blob>(.field("bytes", \.bytes))
    }

    let rows: Table<Int, Blob>
    private var payload: Payload
    private let period: UInt64

    init(_ state: inout State) {
        rows = state.table("rows")
        let settings = BenchBack.settings.withLock { $0 }
        payload = Payload(byteCount: settings.byteCount)
        period = settings.rate.periodNanoseconds
    }

    /// It looks at the clock, which no other processor may: the tick's slot is the newest of the absolute grid, and is what is
    /// measured from.
    mutating func step(_ tick: inout Tick) {
        while tick.next() != nil {}
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        payload.fill(slot: now / period * period)
        rows[1] = Blob(bytes: payload.bytes)
    }
}
