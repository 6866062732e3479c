import BackChannel
import FoundationEssentials
import Glibc
import Synchronization

/// A back whose one channel is busy for a share of each tick: `bench-lateness-back PLAN`, then the options of any back. After so many
/// slots it prints a line a tick, `SLOT LATENESS` in nanoseconds, and `end`.
enum LatenessBack {
    /// It comes as one argument, in JSON.
    struct Plan: Codable {
        var hz = 20.0
        /// The share of a period that a step takes, 0 to 1.
        var load = 0.8
        /// Ticks to note.
        var ticks = 100

        var text: String {
            guard let data = try? JSONEncoder().encode(self) else { return "" }
            return String(decoding: data, as: UTF8.self)
        }

        var periodNanoseconds: UInt64 { UInt64((1e9 / hz).rounded()) }
    }

    /// Processors are made from their type, so what this process was told at its start is here.
    static let plan = Mutex(Plan())
    static let channel = "lateness"

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard let text = arguments.first, let plan = try? JSONDecoder().decode(Plan.self, from: Data(text.utf8)) else {
            return BenchCommand.complain("bench-lateness-back needs PLAN and a back's options", 2)
        }
        Self.plan.withLock { $0 = plan }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst())) {
                $0.channels(channel, Busy.self, rate: .hertz(plan.hz), idle: .step)
                // Nobody links it: it is made here.
                $0.started { back in Task { await back.open(channel) } }
            }
            return 0
        } catch {
            return BenchCommand.complain("the back: \(error)", 1)
        }
    }
}

/// Notes when each step begins, then keeps its loop busy.
struct Busy: Processor {
    struct Count: Row {
        var value = 0
        static let schema = Schema<Count>(.field("value", \.value))
    }

    let rows: Table<Int, Count>
    private let plan: LatenessBack.Plan
    private var noted: [(slot: UInt64, lateness: UInt64)] = []

    init(_ state: inout State) {
        rows = state.table("rows")
        plan = LatenessBack.plan.withLock { $0 }
        noted.reserveCapacity(plan.ticks)
    }

    /// It looks at the clock, which no other processor may: the newest slot of the absolute grid is the tick's own.
    mutating func step(_ tick: inout Tick) {
        let begun = now()
        while tick.next() != nil {}
        rows[1] = Count(value: noted.count)
        let period = plan.periodNanoseconds
        let busyUntil = begun + UInt64(Double(period) * plan.load)
        while now() < busyUntil {}
        guard noted.count < plan.ticks else { return }
        noted.append((begun / period, begun % period))
        if noted.count == plan.ticks { tell() }
    }

    private func tell() {
        for one in noted { print("\(one.slot) \(one.lateness)") }
        print("end")
        fflush(nil)
    }

    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
