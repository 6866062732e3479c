import CUV

/// Ends of many streams at once. Closing a socket takes the kernel some 15 µs, and when a network goes thousands end in one turn: those
/// beyond a turn's share are closed in the turns behind it, so that whoever is left is served between them.
extension EventLoop {
    /// How many sockets a turn closes as they end, and how many of those that waited: about a millisecond each.
    package static let closesPerTurn = 64

    /// Streams that have ended and whose sockets wait to be closed, the first from `first` on.
    struct Closing {
        fileprivate var streams: [Stream?] = []
        fileprivate var first = 0
        /// How many more this turn closes at once.
        fileprivate var room = EventLoop.closesPerTurn

        var count: Int { streams.count - first }

        mutating func turnEnded() { room = EventLoop.closesPerTurn }
    }

    /// Ended streams whose sockets are open yet.
    package var closingCount: Int { closing.count }

    /// An ended stream's socket is to be closed: now, or in a later turn if others came before.
    func release(_ stream: Stream) {
        guard closing.room > 0 || isEnded else {
            closing.streams.append(stream)
            // It polls for nothing, so the loop would not wake up for it.
            stayAwake()
            return stream.pollAsNeeded()
        }
        closing.room -= 1
        stream.release()
    }

    /// Closes a turn's share of those that wait, or at the loop's end all of them.
    func releaseSome(atMost limit: Int = closesPerTurn) {
        for _ in 0..<min(limit, closing.count) {
            closing.streams[closing.first].take()?.release()
            closing.first += 1
        }
        if closing.count == 0 {
            closing.streams.removeAll()
            closing.first = 0
        } else {
            stayAwake()
        }
    }
}
