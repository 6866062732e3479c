import BackChannel
import Glibc

/// The back of a benchmark with writers: `bench-load-back HZ`, then the options of any back.
enum LoadBack {
    static let channel = "load/1"

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard let hz = arguments.first.flatMap({ Double($0) }) else {
            return BenchCommand.complain("bench-load-back needs HZ and a back's options", 2)
        }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst())) {
                $0.channels("load/*", Newest.self, rate: .hertz(hz))
            }
            return 0
        } catch {
            return BenchCommand.complain("the back: \(error)", 1)
        }
    }
}

/// One row: the newest input.
struct Newest: Processor {
    struct Blob: Row {
        var bytes: [UInt8] = []
        static let schema = Schema<Blob>(.field("bytes", \.bytes))
    }

    let rows: Table<Int, Blob>

    init(_ state: inout State) {
        rows = state.table("rows")
        rows[1] = Blob(bytes: Array(repeating: 0, count: Payload.slotByteCount))
    }

    mutating func step(_ tick: inout Tick) {
        var newest: Bytes?
        while let event = tick.next() {
            if case .input(let input) = event { newest = input.bytes }
        }
        if let newest { rows[1] = Blob(bytes: Array(newest)) }
    }
}
