/// What a frame is for (RFC 6455, 5.2). The other ten values are reserved and refused.
package enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Close, ping and pong: never fragmented, at most 125 bytes.
    package var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Which end of the connection this process is: a server takes only masked frames, a client only unmasked ones.
package enum WebSocketRole: Sendable {
    case server
    case client
}

/// The 2 to 14 bytes before a frame's payload, checked for all that a header alone can break.
///
/// ```
/// 81 85 37 FA 21 3D     a whole text of 5 bytes, masked with 37 FA 21 3D
/// ```
struct WebSocketFrameHeader {
    /// The longest payload of a control frame, in bytes.
    static let controlPayloadLimit = 125
    /// The longest header, in bytes.
    static let byteLimit = 14

    let opcode: WebSocketOpcode
    /// The last frame of its message.
    let isFinal: Bool
    let payloadByteCount: UInt64
    /// As loaded from memory; zero, which changes nothing, on unmasked frames.
    let mask: UInt32
    let headerByteCount: Int

    /// Reads the header at `start`; nil if it is not all there yet. Whatever is wrong is thrown as soon as its byte is there.
    static func read(
        _ bytes: UnsafeMutableRawBufferPointer, at start: Int, role: WebSocketRole
    ) throws(WebSocketError) -> WebSocketFrameHeader? {
        let available = bytes.count - start
        guard available > 0 else { return nil }
        let first = bytes[start]
        guard first & 0x70 == 0 else { throw .protocolBroken("a reserved bit is set") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw .protocolBroken("an opcode is unknown")
        }
        let isFinal = first & 0x80 != 0
        guard isFinal || !opcode.isControl else { throw .protocolBroken("a control frame is fragmented") }
        guard available > 1 else { return nil }

        let second = bytes[start + 1]
        switch role {
        case .server: guard second & 0x80 != 0 else { throw .protocolBroken("a frame is not masked") }
        case .client: guard second & 0x80 == 0 else { throw .protocolBroken("a frame is masked") }
        }
        let short = second & 0x7F
        guard short <= controlPayloadLimit || !opcode.isControl else {
            throw .protocolBroken("a control frame is longer than 125 bytes")
        }
        guard let (length, lengthEnd) = try payloadLength(bytes, after: start + 2, short: short) else { return nil }
        let maskByteCount = role == .server ? 4 : 0
        guard bytes.count - lengthEnd >= maskByteCount else { return nil }
        return WebSocketFrameHeader(
            opcode: opcode, isFinal: isFinal, payloadByteCount: length,
            mask: role == .server ? bytes.loadUnaligned(fromByteOffset: lengthEnd, as: UInt32.self) : 0,
            headerByteCount: lengthEnd + maskByteCount - start)
    }

    /// The payload's length and the offset behind it; nil if its bytes are not all there.
    private static func payloadLength(
        _ bytes: UnsafeMutableRawBufferPointer, after position: Int, short: UInt8
    ) throws(WebSocketError) -> (UInt64, end: Int)? {
        let available = bytes.count - position
        switch short {
        case 126:
            guard available >= 2 else { return nil }
            let length = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self))
            guard length > 125 else { throw .protocolBroken("a length is not in its shortest form") }
            return (UInt64(length), position + 2)
        case 127:
            guard available >= 8 else { return nil }
            let length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            guard length >> 63 == 0 else { throw .protocolBroken("a length has its top bit set") }
            guard length > 0xFFFF else { throw .protocolBroken("a length is not in its shortest form") }
            return (length, position + 8)
        default:
            return (UInt64(short), position)
        }
    }
}
