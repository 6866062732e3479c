import Core

/// One direction of a connection: bytes under way and bytes that have arrived and were not read, together at most `capacity`.
/// That is what the kernels on both sides hold; what is more waits in the sender's queue.
final class Wire {
    /// How a direction is over.
    enum End {
        /// The sender said so, behind its last byte.
        case fin
        /// The connection broke.
        case reset
    }

    private struct Segment {
        let at: Instant
        var bytes: ArraySlice<UInt8>
    }

    /// Counts the network's wires.
    let number: UInt64
    let from: SimulatedStream
    let to: SimulatedStream
    let capacity: Int
    /// How long a byte takes now.
    var latency: Duration
    private var segments: [Segment] = []
    private var head = 0
    private(set) var byteCount = 0
    private(set) var end: (kind: End, at: Instant)?
    /// Whatever is sent from now on is never seen by anyone.
    private(set) var isLost = false
    private var lastAt = Instant(nanoseconds: 0)
    /// Whether the reader is going to look.
    var isReadScheduled = false
    /// Whether the sender is going to be told of room.
    var isRoomScheduled = false

    init(number: UInt64, from: SimulatedStream, to: SimulatedStream, capacity: Int, latency: Duration) {
        self.number = number
        self.from = from
        self.to = to
        self.capacity = capacity
        self.latency = latency
    }

    var room: Int { max(0, capacity - byteCount) }

    /// When the next thing can be read; nil if nothing is under way.
    var nextAt: Instant? { head < segments.count ? segments[head].at : end?.at }

    func hasArrived(by now: Instant) -> Bool { head < segments.count && segments[head].at <= now }

    func hasEnded(by now: Instant) -> End? {
        guard head == segments.count, let end, end.at <= now else { return nil }
        return end.kind
    }

    /// Whether the break is known, though bytes may stand before it.
    func isReset(by now: Instant) -> Bool {
        if let end, end.kind == .reset, end.at <= now { true } else { false }
    }

    /// Bytes leave. They arrive behind all that left before.
    func send(_ bytes: ArraySlice<UInt8>, now: Instant, delay: Duration) {
        byteCount += bytes.count
        guard !isLost else { return }
        lastAt = max(lastAt, now + latency + delay)
        segments.append(Segment(at: lastAt, bytes: bytes))
    }

    func finish(_ kind: End, now: Instant) {
        guard !isLost, end?.kind != .reset else { return }
        lastAt = max(lastAt, now + latency)
        end = (kind, lastAt)
    }

    /// Of what has arrived, at most so many bytes.
    func read(_ limit: Int, now: Instant) -> [UInt8] {
        var taken: [UInt8] = []
        while taken.count < limit, head < segments.count, segments[head].at <= now {
            let part = segments[head].bytes.prefix(limit - taken.count)
            taken.append(contentsOf: part)
            if part.count == segments[head].bytes.count {
                head += 1
            } else {
                segments[head].bytes = segments[head].bytes.dropFirst(part.count)
            }
        }
        if head > 32 {
            segments.removeFirst(head)
            head = 0
        }
        byteCount -= taken.count
        return taken
    }

    /// How many bytes have arrived, up to a limit.
    func arrivedByteCount(by now: Instant, limit: Int) -> Int {
        var count = 0
        for segment in segments[head...] {
            guard segment.at <= now, count < limit else { break }
            count += segment.bytes.count
        }
        return min(count, limit)
    }

    /// The way is gone: of what is under way some arrives, then nothing more; the reader learns of it at `at`, or never.
    func cut(keeping kept: Int, told at: Instant?) {
        var left = kept
        var place = head
        while place < segments.count, segments[place].bytes.count <= left {
            left -= segments[place].bytes.count
            place += 1
        }
        if place < segments.count {
            segments[place].bytes = segments[place].bytes.prefix(left)
            segments.removeSubrange((left > 0 ? place + 1 : place)...)
        }
        isLost = true
        end = at.map { (.reset, max($0, segments.last?.at ?? $0)) }
    }

    /// How many bytes are under way or unread, for choosing where to cut.
    var pendingByteCount: Int { segments[head...].reduce(0) { $0 + $1.bytes.count } }

    func discard() {
        segments = []
        head = 0
        end = nil
        isLost = true
    }
}
