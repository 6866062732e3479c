import State

/// Bytes that many connections send: made once, never changed, at one address until the last holder lets go.
///
/// `unsafe` here is confined to owning the memory: the pointer is valid as long as the object is.
package final class SharedBytes: Sendable {
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    package let count: Int

    package init(_ bytes: some Collection<UInt8>) {
        count = bytes.count
        base = .allocate(byteCount: max(1, bytes.count), alignment: 16)
        UnsafeMutableRawBufferPointer(start: base, count: bytes.count).copyBytes(from: bytes)
    }

    deinit { base.deallocate() }

    /// Valid while this object is held.
    package var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// Frames for clients, once for those on a plain stream and once, with its header before them, for those on a WebSocket.
///
/// One buffer: the plain form is the WebSocket form without its first bytes.
package struct SharedFrames: Sendable {
    private let bytes: SharedBytes
    private let headerByteCount: Int

    package init(frames: [UInt8]) {
        var writer = ByteWriter([], capacity: frames.count + 10)
        WebSocketWriter.header(.binary, payloadByteCount: frames.count, to: &writer)
        headerByteCount = writer.count
        writer.raw(frames)
        bytes = SharedBytes(writer.bytes)
    }

    /// Each frame of `frames` on its own.
    static func pieces(of frames: [UInt8]) -> [SharedFrames] {
        frames.withUnsafeBytes { bytes in
            var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
            var pieces: [SharedFrames] = []
            while let frame = try? cursor.next() { pieces.append(SharedFrames(frames: Array(frame.whole))) }
            return pieces
        }
    }

    package var forWebSocket: UnsafeRawBufferPointer { bytes.buffer }
    package var forPlain: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes.buffer[headerByteCount...]) }
    package var count: Int { bytes.count }

    /// The plain form without its last bytes.
    func forPlain(without byteCount: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: forPlain.dropLast(byteCount))
    }
}
