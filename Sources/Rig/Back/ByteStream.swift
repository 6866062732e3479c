import BackChannel

/// The rule of `stream/*`: one row of bytes that are new each tick, `stream/102400` is 100 KiB a second.
struct ByteStream: Processor {
    /// What a tick says: a number, and bytes that follow from it.
    struct Chunk: Row {
        var count: Int64 = 0
        var bytes: [UInt8] = []

        static let schema = Schema<Chunk>(.field("count", \.count), .field("bytes", \.bytes))

        static func bytes(count: Int64, byteCount: Int) -> [UInt8] {
            var dice = Dice(seed: UInt64(bitPattern: count))
            var bytes: [UInt8] = []
            bytes.reserveCapacity(byteCount + 8)
            while bytes.count < byteCount {
                let word = dice.next()
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: word >> shift))
                }
            }
            bytes.removeLast(bytes.count - byteCount)
            return bytes
        }

        var isRight: Bool { bytes == Self.bytes(count: count, byteCount: bytes.count) }
    }

    static let table = "stream"
    static let key = 0

    let rows: Table<Int, Chunk>

    init(_ state: inout State) { rows = state.table(Self.table) }

    mutating func step(_ tick: inout Tick) {
        while tick.next() != nil {}
        let perSecond = tick.channelID.split(separator: "/").last.flatMap { Int($0) } ?? 1024
        let byteCount = max(1, Int(Double(perSecond) / RigBack.ticksPerSecond))
        let count = Int64(bitPattern: tick.number)
        rows[Self.key] = Chunk(count: count, bytes: Chunk.bytes(count: count, byteCount: byteCount))
    }
}
