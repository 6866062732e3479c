import BackChannel
import Glibc
import Synchronization

/// The back of `bench start`: `bench-start-back FILE`, started by a hub. Its one channel writes to FILE when it ticked first, in
/// nanoseconds of CLOCK_MONOTONIC.
enum StartBack {
    /// Processors are made from their type, so what this process was told at its start is here.
    static let path = Mutex("")

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard let path = arguments.first else { return BenchCommand.complain("bench-start-back needs FILE", 2) }
        Self.path.withLock { $0 = path }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst())) {
                $0.channels("start", FirstTick.self, idle: .step)
                $0.started { back in Task { await back.open("start") } }
            }
            return 0
        } catch {
            return BenchCommand.complain("the back: \(error)", 1)
        }
    }
}

/// Says when it is stepped first.
struct FirstTick: Processor {
    struct Count: Row {
        var value = 0
        static let schema = Schema<Count>(.field("value", \.value))
    }

    let rows: Table<Int, Count>
    private var isFirst = true

    init(_ state: inout State) { rows = state.table("rows") }

    mutating func step(_ tick: inout Tick) {
        while tick.next() != nil {}
        guard isFirst else { return }
        isFirst = false
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let text = "\(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))\n"
        let path = StartBack.path.withLock { $0 }
        // Whole or not there at all: the harness looks for it meanwhile.
        let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, text, text.utf8.count)
        close(descriptor)
        rename(path + ".new", path)
    }
}
