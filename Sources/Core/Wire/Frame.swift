import State

/// What a frame is. docs/WIRE.md lists the bodies.
package enum FrameKind: UInt8, Sendable, CaseIterable {
    case greeting = 0x01, challenge, proof, accepted, bye, ping, pong
    case hello = 0x10, inputs, read, unread, write, disagreed, say, inputsNow
    case welcome = 0x20, attachedClient, unlinkedClient, grantedClient, ackedClient, refusedClient, message,
        regroupedClient
    case section = 0x30, mark, piece
    case link = 0x40, unlink, attach, detach, trunkInputs, want, credit, trunkDisagreed, toBack, relayed
    case linked = 0x50, unlinked, attached, dismissed, granted, revoked, acked, refused, toSessions, toFront
    case regrouped = 0x5A, dropped, relay, tell
    case announce = 0x60, directory, listener, report, query, answer, stop
    case drain = 0x68, handOver
    case job = 0x70, pageNews
}

/// One frame, borrowed from the bytes it was found in.
package struct Frame {
    package let kind: FrameKind
    package let body: UnsafeRawBufferPointer
    /// The frame with its length, for passing it on as it is.
    package let whole: UnsafeRawBufferPointer

    /// Reads the body and insists that nothing is left over.
    package func decode<T>(
        _ read: (inout ByteReader) throws(WireError) -> T
    ) throws(WireError) -> T {
        var reader = ByteReader(body)
        let value = try read(&reader)
        try reader.end()
        return value
    }
}

/// Walks the whole frames at the front of some bytes.
///
/// `consumed` says how many bytes belong to frames that were answered; what lies behind is the beginning of a frame whose
/// rest has not arrived. The length is checked against the limit before anyone waits for that rest.
package struct FrameCursor {
    private let bytes: UnsafeRawBufferPointer
    private let limit: Int
    package private(set) var consumed = 0

    package init(_ bytes: UnsafeRawBufferPointer, limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    package mutating func next() throws(WireError) -> Frame? {
        guard consumed < bytes.count else { return nil }
        let start = consumed
        var length = 0
        var header = 1
        let first = bytes[start]
        if first < 0x80 {
            length = Int(first)
        } else {
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            let value: UInt64
            do {
                value = try reader.num()
            } catch .truncated {
                return nil
            }
            guard value <= UInt64(limit) else { throw .overLimit(what: "a frame", value: value, limit: UInt64(limit)) }
            length = Int(truncatingIfNeeded: value)
            header = reader.position
        }
        guard length >= 1 else { throw .invalid("an empty frame") }
        guard length <= limit else { throw .overLimit(what: "a frame", value: UInt64(length), limit: UInt64(limit)) }
        guard bytes.count - start - header >= length else { return nil }
        guard let kind = FrameKind(rawValue: bytes[start + header]) else { throw .invalid("the kind of a frame") }
        let end = start + header + length
        consumed = end
        return Frame(
            kind: kind,
            body: UnsafeRawBufferPointer(rebasing: bytes[(start + header + 1)..<end]),
            whole: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }
}

/// Keeps the beginning of a frame whose rest has not arrived.
///
/// `receive` walks the whole frames in place: bytes are copied only when a frame is split between two reads.
package struct FrameReader {
    private var held: [UInt8] = []
    /// The longest frame. It grows when the peer has shown who it is.
    package var limit: Int

    package init(limit: Int) { self.limit = limit }

    /// How many bytes wait for the rest of their frame.
    package var heldByteCount: Int { held.count }

    package mutating func receive<E: Error>(
        _ bytes: UnsafeRawBufferPointer, _ each: (Frame) throws(E) -> Void, failed: (WireError) -> E
    ) throws(E) {
        var bytes = bytes
        // The frame that has begun is brought to its end, byte by byte until its length is known; the rest is walked in place.
        while !held.isEmpty, !bytes.isEmpty {
            let missing: Int
            do { missing = try missingByteCount() } catch { throw failed(error) }
            let taken = min(missing, bytes.count)
            held.append(contentsOf: bytes[..<taken])
            bytes = UnsafeRawBufferPointer(rebasing: bytes[taken...])
            let consumed = try held.withUnsafeBufferPointer { (buffer) throws(E) -> Int in
                try Self.walk(UnsafeRawBufferPointer(buffer), limit, each, failed)
            }
            if consumed > 0 { held.removeAll(keepingCapacity: held.capacity <= 128 << 10) }
        }
        guard held.isEmpty else { return }
        let consumed = try Self.walk(bytes, limit, each, failed)
        if consumed < bytes.count { held.append(contentsOf: bytes[consumed...]) }
    }

    /// How many more bytes are needed to know the length of the frame in `held`, or to have all of it. At least one.
    private func missingByteCount() throws(WireError) -> Int {
        try held.withUnsafeBufferPointer { (buffer) throws(WireError) -> Int in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer))
            let length: UInt64
            do throws(WireError) { length = try reader.num() } catch .truncated { return 1 } catch { throw error }
            guard length <= UInt64(limit) else {
                throw .overLimit(what: "a frame", value: length, limit: UInt64(limit))
            }
            return max(1, Int(length) + reader.position - held.count)
        }
    }

    private static func walk<E: Error>(
        _ bytes: UnsafeRawBufferPointer, _ limit: Int, _ each: (Frame) throws(E) -> Void, _ failed: (WireError) -> E
    ) throws(E) -> Int {
        var cursor = FrameCursor(bytes, limit: limit)
        while true {
            let frame: Frame?
            do { frame = try cursor.next() } catch { throw failed(error) }
            guard let frame else { return cursor.consumed }
            try each(frame)
        }
    }
}

extension ByteWriter {
    /// Appends one frame: its length, `kind`, and the body that `body` writes.
    package mutating func frame(_ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        let start = count
        u8(0)
        u8(kind.rawValue)
        body(&self)
        close(frameAt: start)
    }

    /// As `frame(_:_:)`, for a body whose length is known before: it is written once and stays where it is.
    package mutating func frame(_ kind: FrameKind, byteCount: Int, _ body: (inout ByteWriter) -> Void) {
        bytes.reserveCapacity(count + byteCount + 10)
        num(byteCount + 1)
        u8(kind.rawValue)
        body(&self)
    }

    /// Fills in the length of the frame that began at `start` with one byte kept for it.
    package mutating func close(frameAt start: Int) {
        let length = UInt64(count - start - 1)
        if length < 0x80 {
            bytes[start] = UInt8(length)
        } else {
            var prefix = ByteWriter()
            prefix.num(length)
            bytes.replaceSubrange(start..<start + 1, with: prefix.bytes)
        }
    }
}
