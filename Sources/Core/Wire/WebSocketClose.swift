/// The payload of a close frame: nothing, or a code and a reason.
package enum WebSocketClose {
    /// The longest reason, in bytes: a control frame's 125 less the code.
    package static let reasonByteLimit = WebSocketFrameHeader.controlPayloadLimit - 2

    /// Whether a peer may send this code: the registered ones that may travel, and those of libraries and applications.
    package static func mayTravel(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    static func read(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) -> (code: UInt16?, reason: String) {
        guard !payload.isEmpty else { return (nil, "") }
        guard payload.count >= 2 else { throw .protocolBroken("a close frame holds half a code") }
        let code = UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self))
        guard mayTravel(code) else { throw .protocolBroken("a close code is not valid") }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else { throw .notUTF8 }
        return (code, reason)
    }
}
