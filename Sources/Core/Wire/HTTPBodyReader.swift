import State

/// What came of a body.
package enum HTTPBodyPiece {
    /// The next bytes, borrowed from the caller's buffer; never empty.
    case bytes(UnsafeRawBufferPointer)
    /// The body is complete; what follows belongs to the next message.
    case end
}

/// Reads one HTTP body out of bytes that arrive in pieces, with a known length or in chunks.
///
/// Chunk sizes are plain hex and nothing else: no sign, no space, no extension; no trailers. Time limits are the shell's.
package struct HTTPBodyReader {
    /// inLength → ended; inSize → inChunk → inChunkEnd → inSize …; inSize → inTrailer → ended.
    private enum State {
        case inLength(leftCount: Int)
        case inSize
        case inChunk(leftCount: Int)
        case inChunkEnd
        case inTrailer
        case ended
    }

    /// The hex digits that a chunk's size may have.
    private static let sizeDigitLimit = 8

    private let limit: Int
    private var takenCount = 0
    private var state: State
    private var lines = HTTPLineReader()

    /// Throws `bodyTooLong` if the announced length is over the limit.
    package init(_ length: HTTPBodyLength, limits: HTTPLimits = .standard) throws(HTTPError) {
        limit = limits.bodyByteLimit
        switch length {
        case .none: state = .ended
        case .length(let count):
            guard count <= limit else { throw .bodyTooLong(byteCount: UInt64(count), limit: limit) }
            state = count == 0 ? .ended : .inLength(leftCount: count)
        case .chunked: state = .inSize
        }
    }

    /// The next piece; nil if more bytes are needed. The caller keeps those from `offset` on: at most a line.
    package mutating func next(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int
    ) throws(HTTPError) -> HTTPBodyPiece? {
        while true {
            switch state {
            case .inLength(let leftCount):
                guard let piece = take(leftCount, from: bytes, at: &offset) else { return nil }
                state = piece.count == leftCount ? .ended : .inLength(leftCount: leftCount - piece.count)
                return .bytes(piece)
            case .inSize:
                guard let line = try line(in: bytes, from: &offset, limit: Self.sizeDigitLimit) else { return nil }
                state = try chunk(line)
            case .inChunk(let leftCount):
                guard let piece = take(leftCount, from: bytes, at: &offset) else { return nil }
                state = piece.count == leftCount ? .inChunkEnd : .inChunk(leftCount: leftCount - piece.count)
                return .bytes(piece)
            case .inChunkEnd:
                guard try line(in: bytes, from: &offset, limit: 0) != nil else { return nil }
                state = .inSize
            case .inTrailer:
                guard try line(in: bytes, from: &offset, limit: 0) != nil else { return nil }
                state = .ended
            case .ended:
                return .end
            }
        }
    }

    private func take(
        _ leftCount: Int, from bytes: UnsafeRawBufferPointer, at offset: inout Int
    ) -> UnsafeRawBufferPointer? {
        let count = min(leftCount, bytes.count - offset)
        guard count > 0 else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    private mutating func line(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int, limit: Int
    ) throws(HTTPError) -> UnsafeRawBufferPointer? {
        try lines.next(
            in: bytes, from: &offset, limit: limit,
            tooLong: .malformed("a chunk is not size, bytes and line end, or has a trailer"))
    }

    private mutating func chunk(_ line: UnsafeRawBufferPointer) throws(HTTPError) -> State {
        guard !line.isEmpty else { throw .malformed("a chunk size is missing") }
        var size = 0
        for byte in line {
            guard let digit = HTTPText.hexValue(byte) else { throw .malformed("a chunk size is not plain hex") }
            size = size << 4 | Int(digit)
        }
        guard size > 0 else { return .inTrailer }
        takenCount += size
        guard takenCount <= limit else { throw .bodyTooLong(byteCount: UInt64(takenCount), limit: limit) }
        return .inChunk(leftCount: size)
    }
}
