import BackChannel
import FoundationEssentials
import Glibc

/// The back of a benchmark with writers: `bench-load-back PLAN`, then the options of any back.
enum LoadBack {
    static let channel = "load/1"

    /// What its channel does; it comes as one argument, in JSON.
    struct Plan: Codable {
        /// Who sees the row that changes each tick.
        enum Viewers: String, Codable { case everyone, readers }

        var hz: Double
        var viewers = Viewers.everyone
        /// What each front may have under way.
        var creditBytes = 1 << 20

        var text: String {
            guard let data = try? JSONEncoder().encode(self) else { return "" }
            return String(decoding: data, as: UTF8.self)
        }
    }

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard let text = arguments.first, let plan = try? JSONDecoder().decode(Plan.self, from: Data(text.utf8)) else {
            return BenchCommand.complain("bench-load-back needs PLAN and a back's options", 2)
        }
        do {
            try await BackProcess.run(arguments: Array(arguments.dropFirst())) {
                let rate = Rate.hertz(plan.hz)
                switch plan.viewers {
                case .everyone: $0.channels("load/*", Newest.self, rate: rate, inboxCreditBytes: plan.creditBytes)
                case .readers: $0.channels("load/*", NewestSeen.self, rate: rate, inboxCreditBytes: plan.creditBytes)
                }
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

/// One row, the newest input, that those see who asked to: all others get their acks and nothing else.
struct NewestSeen: Processor {
    /// The options of a wish to read that ask for it.
    static let wish = Array("see".utf8)

    let rows: Table<Int, Newest.Blob>
    private let readers: Audience

    init(_ state: inout State) {
        rows = state.table("rows")
        readers = state.audience("readers")
        rows[1, for: readers] = Newest.Blob(bytes: Array(repeating: 0, count: Payload.slotByteCount))
    }

    mutating func step(_ tick: inout Tick) {
        var newest: Bytes?
        while let event = tick.next() {
            switch event {
            case .input(let input): newest = input.bytes
            case .joined(let session): if session.options == Self.wish { tick.enter(readers, session.id) }
            default: break
            }
        }
        if let newest { rows[1, for: readers] = Newest.Blob(bytes: Array(newest)) }
    }
}
