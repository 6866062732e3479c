import State

/// Bytes that many connections send: made once, never changed, at one address until the last holder lets go.
///
/// `unsafe` here is confined to owning the memory: the pointer is valid as long as the object is.
package final class SharedBytes: Sendable {
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    package let count: Int

    package convenience init(_ bytes: [UInt8]) { self.init([bytes[...]]) }

    /// The parts in a row, each copied once.
    init(_ parts: [ArraySlice<UInt8>]) {
        count = parts.reduce(0) { $0 + $1.count }
        base = .allocate(byteCount: max(1, count), alignment: 16)
        var at = base
        for part in parts {
            part.withUnsafeBytes { if let start = $0.baseAddress { at.copyMemory(from: start, byteCount: $0.count) } }
            at += part.count
        }
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

    package init(frames: [UInt8]) { self.init([frames[...]]) }

    /// The parts in a row, each copied once.
    init(_ parts: [ArraySlice<UInt8>]) {
        var header = ByteWriter([], capacity: 10)
        WebSocketWriter.header(.binary, payloadByteCount: parts.reduce(0) { $0 + $1.count }, to: &header)
        headerByteCount = header.count
        bytes = SharedBytes([header.bytes[...]] + parts)
    }

    package var forWebSocket: UnsafeRawBufferPointer { bytes.buffer }
    package var forPlain: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes.buffer[headerByteCount...]) }
    package var count: Int { bytes.count }
    var plainByteCount: Int { bytes.count - headerByteCount }

    /// The plain form without its last bytes.
    func forPlain(without byteCount: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: forPlain.dropLast(byteCount))
    }
}
