import BackChannel
import FoundationEssentials
import Glibc
import Synchronization

/// The back of a benchmark: `bench-back PLAN`, then the options of any back.
enum BenchBack {
    /// What its channels do; it comes as one argument, in JSON.
    struct Plan: Codable {
        var hz = 20.0
        /// Bytes of the row that changes each tick.
        var byteCount = 4096
        /// Bytes of rows that never change.
        var stateByteCount = 0
        /// The channels below this word are its own.
        var family = "bench"

        var text: String {
            guard let data = try? JSONEncoder().encode(self) else { return "" }
            return String(decoding: data, as: UTF8.self)
        }
    }

    /// Processors are made from their type, so what this process was told at its start is here.
    static let plan = Mutex(Plan())

    /// Channels of one family, as a plan's clients read them.
    static func channels(_ count: Int, family: String = "bench") -> [String] { (1...count).map { "\(family)/\($0)" } }

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard let text = arguments.first, let plan = try? JSONDecoder().decode(Plan.self, from: Data(text.utf8)) else {
            return BenchCommand.complain("bench-back needs PLAN and a back's options", 2)
        }
        Self.plan.withLock { $0 = plan }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst())) {
                $0.channels("\(plan.family)/*", FanOut.self, rate: .hertz(plan.hz))
            }
            return 0
        } catch {
            return BenchCommand.complain("the back: \(error)", 1)
        }
    }
}

/// One row, changed whole each tick, and as many as wanted that stay as they are.
struct FanOut: Processor {
    struct Blob: Row {
        var bytes: [UInt8] = []
        static let schema = Schema<Blob>(.field("bytes", \.bytes))
    }

    /// Bytes of a row that stays.
    private static let fillerByteCount = 1024

    let rows: Table<Int, Blob>
    private var payload: Payload
    private let period: UInt64

    init(_ state: inout State) {
        rows = state.table("rows")
        let plan = BenchBack.plan.withLock { $0 }
        payload = Payload(byteCount: plan.byteCount)
        period = UInt64((1e9 / plan.hz).rounded())
        for number in 0..<(plan.stateByteCount / Self.fillerByteCount) {
            var filler = Payload(byteCount: Self.fillerByteCount)
            filler.fill(slot: UInt64(number) + 1)
            rows[-1 - number] = Blob(bytes: filler.bytes)
        }
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
