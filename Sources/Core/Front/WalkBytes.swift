import State

/// What all of a cohort are sent in one walk, in one run of memory, with room behind it for what is one reader's own: so that the two
/// leave with one plain write, and nothing is copied for each.
///
/// `unsafe` here is confined to owning the memory: it is as long as `count` and `roomByteCount` together, `put` writes into the room
/// alone, and what `buffer(_:)` gives is valid as long as the object is held and until the next `put`.
package final class WalkBytes {
    private let base: UnsafeMutableRawPointer
    /// How many bytes everybody gets.
    package let count: Int
    /// A header, an ack of the largest numbers, and what a pen may store behind them.
    private static let roomByteCount = 64

    package init(_ parts: [UnsafeRawBufferPointer]) {
        count = parts.reduce(0) { $0 + $1.count }
        base = .allocate(byteCount: count + Self.roomByteCount, alignment: 16)
        var at = base
        for part in parts {
            if let start = part.baseAddress { at.copyMemory(from: start, byteCount: part.count) }
            at += part.count
        }
    }

    deinit { base.deallocate() }

    /// Puts one reader's ack behind what everybody gets: the frame that `ClientVoice.acked` says. Answers how many bytes that is
    /// together.
    package func put(_ ack: ClientAcked, isWebSocket: Bool) -> Int {
        let frame = base + count + (isWebSocket ? 2 : 0)
        var pen = WirePen((frame + 1).assumingMemoryBound(to: UInt8.self))
        pen.u8(FrameKind.ackedClient.rawValue)
        pen.u64(ack.grant.rawValue)
        pen.num(ack.highest.rawValue)
        pen.num(ack.tick.rawValue)
        let end = UnsafeMutableRawPointer(pen.place)
        // Its length is one byte, as is that of its message: 27 bytes at most.
        frame.storeBytes(of: UInt8(end - frame - 1), as: UInt8.self)
        if isWebSocket {
            (base + count).storeBytes(of: 0x80 | WebSocketOpcode.binary.rawValue, as: UInt8.self)
            (base + count + 1).storeBytes(of: UInt8(end - frame), as: UInt8.self)
        }
        return end - base
    }

    /// The first bytes.
    package func buffer(_ byteCount: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }
}
