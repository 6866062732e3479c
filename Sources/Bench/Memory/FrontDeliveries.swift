import Core
import State

/// A front that brings ticks to many readers, in memory: what one delivery costs it, from the trunk to the write.
package final class FrontDeliveries {
    /// The rule: a row of bytes that is new each tick. Inputs are taken in, and so acked.
    private struct Stream: Processor {
        struct Chunk: Row {
            var bytes: [UInt8] = []
            static let schema = Schema<Chunk>(.field("bytes", \.bytes))
        }

        let rows: Table<Int, Chunk>

        init(_ state: inout State) { rows = state.table("stream") }

        mutating func step(_ tick: inout Tick) {
            while tick.next() != nil {}
            var dice = tick.dice
            rows[0] = Chunk(bytes: (0..<256).map { _ in UInt8(truncatingIfNeeded: dice.next()) })
        }
    }

    /// What was written, in all.
    package struct Written: Equatable, Sendable {
        package var writes = 0
        package var bytes = 0
        /// The most in one turn of the front's loop.
        package var writesOfATurn = 0
    }

    private var cluster: MemoryCluster
    /// What the back says in each of the ticks that are measured.
    private var ticks: [[[UInt8]]] = []
    private var nextTick = 0
    package private(set) var written = Written()

    /// - Parameters:
    ///   - readers: clients, who all read the same channels.
    ///   - channels: how many change in each tick, and each client reads.
    ///   - wantsAcks: whether each client has an ack of its own in each tick.
    ///   - ticks: how many ticks can be run.
    package init(readers: Int, channels: Int, wantsAcks: Bool, ticks count: Int) throws {
        cluster = try MemoryCluster(Stream.self, settings: ChannelSettings(rate: .hertz(20)))
        let channels = (1...channels).map { "bench/\($0)" }
        for number in 1...UInt64(readers) { cluster.connect(number, channels: channels) }
        cluster.pass(.milliseconds(500))
        let grants = (1...UInt64(readers)).map { cluster.grant(of: $0) }
        guard !wantsAcks || !grants.contains(nil) else { throw BenchFailure("a client without a grant") }
        cluster.keepsHeard = false
        cluster.keepsTrunk = true
        for tick in 1...UInt64(count) {
            if wantsAcks {
                for (place, grant) in grants.enumerated() {
                    guard let grant else { continue }
                    cluster.input(InputNumber(rawValue: tick), grant, of: UInt64(place) + 1)
                }
            }
            cluster.pass(.milliseconds(50))
            ticks.append(cluster.takeTrunk())
        }
    }

    /// Runs so many of the ticks through the front: what the back says comes in, and everybody is written what is owed.
    package func run(_ count: Int) {
        for _ in 0..<count where nextTick < ticks.count {
            for bytes in ticks[nextTick] {
                bytes.withUnsafeBytes { cluster.front.receive($0, on: cluster.trunk, now: cluster.now) }
            }
            nextTick += 1
            write()
            while let deadline = cluster.front.deadline(), deadline <= cluster.now + .microseconds(10) {
                cluster.now = deadline
                cluster.front.tick(now: deadline)
                write()
            }
        }
    }

    private func write() {
        var (writes, bytes) = (0, 0)
        while true {
            while cluster.front.nextDirective() != nil {}
            guard cluster.front.owesAnything() else { break }
            cluster.front.writeOwed(now: cluster.now) { _, parts in
                writes += 1
                for part in parts { bytes += part.count }
                return .all
            }
        }
        written.writes += writes
        written.bytes += bytes
        written.writesOfATurn = max(written.writesOfATurn, writes)
    }
}

extension MemoryCluster {
    /// A client sends an input.
    mutating func input(_ number: InputNumber, _ grant: GrantID, of client: UInt64) {
        var writer = ByteWriter()
        writer.frame(.inputs) {
            $0.u64(grant)
            $0.num(number)
            $0.blob([1, 2, 3, 4])
        }
        say(Self.masked(writer.bytes), on: ConnectionID(rawValue: client))
    }
}
