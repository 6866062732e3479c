import State

/// Appends WebSocket frames to bytes on their way out. Every message is written as one frame.
///
/// A server's frames are plain; `masked` and `maskedClose` are a client's, whose key must be unpredictable (RFC 6455, 10.3),
/// and comes in as an argument because chance does.
package enum WebSocketWriter {
    /// How many bytes an unmasked header takes in front of such a payload: 2, 4 or 10.
    package static func headerByteCount(for payloadByteCount: Int) -> Int {
        switch payloadByteCount {
        case ...125: 2
        case ...0xFFFF: 4
        default: 10
        }
    }

    /// A server's header; the caller appends the payload, or sends it from a buffer that many connections share.
    package static func header(_ opcode: WebSocketOpcode, payloadByteCount: Int, to out: inout ByteWriter) {
        header(opcode, payloadByteCount: payloadByteCount, maskBit: 0, to: &out)
    }

    package static func message(
        _ kind: WebSocketMessageKind, _ payload: UnsafeRawBufferPointer, to out: inout ByteWriter
    ) {
        header(opcode(of: kind), payloadByteCount: payload.count, to: &out)
        out.raw(payload)
    }

    /// A ping of at most 125 bytes; longer payloads are cut.
    package static func ping(_ payload: UnsafeRawBufferPointer, to out: inout ByteWriter) {
        control(.ping, payload, to: &out)
    }

    /// The answer to a ping: the same payload.
    package static func pong(_ payload: UnsafeRawBufferPointer, to out: inout ByteWriter) {
        control(.pong, payload, to: &out)
    }

    /// A close frame; the reason is cut at 123 bytes, between characters. Without a code the payload is empty.
    package static func close(_ code: UInt16?, reason: String = "", to out: inout ByteWriter) {
        let payload = closePayload(code, reason)
        header(.close, payloadByteCount: payload.count, to: &out)
        out.raw(payload)
    }

    /// A client's frame, masked with `key`.
    package static func masked(
        _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, key: UInt32, to out: inout ByteWriter
    ) {
        header(opcode, payloadByteCount: payload.count, maskBit: 0x80, to: &out)
        withUnsafeBytes(of: key) { out.raw($0) }
        let start = out.count
        out.raw(payload)
        out.bytes.withUnsafeMutableBytes {
            WebSocketMask.apply(key, to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
    }

    /// A client's close frame.
    package static func maskedClose(_ code: UInt16?, reason: String = "", key: UInt32, to out: inout ByteWriter) {
        closePayload(code, reason).withUnsafeBytes { masked(.close, $0, key: key, to: &out) }
    }

    package static func opcode(of kind: WebSocketMessageKind) -> WebSocketOpcode {
        switch kind {
        case .text: .text
        case .binary: .binary
        }
    }

    private static func control(
        _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, to out: inout ByteWriter
    ) {
        let cut = UnsafeRawBufferPointer(rebasing: payload.prefix(WebSocketFrameHeader.controlPayloadLimit))
        header(opcode, payloadByteCount: cut.count, to: &out)
        out.raw(cut)
    }

    private static func closePayload(_ code: UInt16?, _ reason: String) -> [UInt8] {
        guard let code else { return [] }
        return [UInt8(code >> 8), UInt8(code & 0xFF)]
            + UTF8Check.prefix(reason, byteLimit: WebSocketClose.reasonByteLimit).utf8
    }

    private static func header(
        _ opcode: WebSocketOpcode, payloadByteCount: Int, maskBit: UInt8, to out: inout ByteWriter
    ) {
        out.u8(0x80 | opcode.rawValue)
        switch payloadByteCount {
        case ...125:
            out.u8(maskBit | UInt8(payloadByteCount))
        case ...0xFFFF:
            out.u8(maskBit | 126)
            out.u8(UInt8(payloadByteCount >> 8))
            out.u8(UInt8(payloadByteCount & 0xFF))
        default:
            out.u8(maskBit | 127)
            out.u64(UInt64(payloadByteCount))
        }
    }
}
