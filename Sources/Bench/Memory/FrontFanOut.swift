import Core
import State

/// A front that sends a stream to many readers, in memory: what a tick costs it, with and without one among them who takes 1 KiB
/// a second.
package final class FrontFanOut {
    /// The rule: bytes that are new each tick.
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
            rows[0] = Chunk(bytes: (0..<FrontFanOut.chunkBytes).map { _ in UInt8(truncatingIfNeeded: dice.next()) })
        }
    }

    /// The socket of a reader that takes so many bytes a tick, and waits beyond what the kernel holds for it.
    private struct SlowSocket {
        let id: ConnectionID
        var waitingByteCount = 0
        /// Written to it, over all.
        var writes = 0
    }

    /// 100 KiB a second at 20 Hz, of which the slow reader takes 1 KiB.
    package static let chunkBytes = 5 << 10
    package static let takenBytes = 51

    private var cluster: MemoryCluster
    private var slow: SlowSocket?
    /// Compared with each that is written to, also where there is no slow reader: what this harness costs is the same.
    private let slowID: ConnectionID
    /// What the back says in each of the ticks that are measured.
    private var ticks: [[[UInt8]]] = []
    private var nextTick = 0
    private var deliveredBytes = 0
    private var writes = 0

    /// - Parameters:
    ///   - readers: those who take everything.
    ///   - past: how long the stream has run before; a history is full after 13 s.
    ///   - ticks: how many ticks can be run.
    package init(readers: Int, withSlowReader: Bool, past: Duration, ticks count: Int) throws {
        cluster = try MemoryCluster(Stream.self, settings: ChannelSettings(rate: .hertz(20)))
        slowID = ConnectionID(rawValue: UInt64(readers) + 1)
        for number in 1...UInt64(readers) { cluster.connect(number) }
        if withSlowReader {
            slow = SlowSocket(id: slowID)
            cluster.connect(UInt64(readers) + 1)
        }
        cluster.keepsHeard = false
        cluster.pass(past)
        cluster.keepsTrunk = true
        for _ in 0..<count {
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
            takeSlowly()
            write()
            takeTurns()
        }
    }

    /// The front's loop turns until it has squashed and sent what it left for the next turns.
    private func takeTurns() {
        while let deadline = cluster.front.deadline(), deadline <= cluster.now + .microseconds(10) {
            cluster.now = deadline
            cluster.front.tick(now: deadline)
            write()
        }
    }

    /// What was written to readers, in how many writes, and how many of them to the slow one.
    package var written: (bytes: Int, writes: Int, toSlowReader: Int) { (deliveredBytes, writes, slow?.writes ?? 0) }

    /// Whether the slow reader's kernel will have room at the next tick.
    package var isAboutToDrain: Bool { slow.map { $0.waitingByteCount <= Self.takenBytes } ?? false }

    /// The slow reader's kernel makes room.
    private func takeSlowly() {
        guard var socket = slow, socket.waitingByteCount > 0 else { return }
        socket.waitingByteCount -= Self.takenBytes
        slow = socket
        if socket.waitingByteCount <= 0 { cluster.front.drained(socket.id, now: cluster.now) }
    }

    private func write() {
        while cluster.front.nextDirective() != nil {}
        cluster.front.writeOwed(now: cluster.now) { id, parts in
            taken(id, parts.reduce(0) { $0 + $1.count })
        }
    }

    @inline(__always)
    private func taken(_ id: ConnectionID, _ byteCount: Int) -> FrontCore.Written {
        deliveredBytes += byteCount
        writes += 1
        guard id == slowID else { return .all }
        slow?.writes += 1
        slow?.waitingByteCount = byteCount
        return .someWait
    }
}
