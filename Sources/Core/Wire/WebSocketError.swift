import State

/// Why a peer's WebSocket bytes were refused. It ends that one connection: the close frame carries `closeCode` and `reason`.
package enum WebSocketError: Error, Equatable, Sendable {
    /// The bytes break RFC 6455; the word says where.
    case protocolBroken(WireError.StaticWord)
    /// A text message or a close reason is not UTF-8.
    case notUTF8
    /// A message is, or announces to be, longer than the limit.
    case messageTooLong(byteCount: UInt64, limit: Int)

    /// The code for the close frame: 1002, 1007 or 1009.
    package var closeCode: UInt16 {
        switch self {
        case .protocolBroken: 1002
        case .notUTF8: 1007
        case .messageTooLong: 1009
        }
    }

    /// The text for the close frame and the log; never holds a peer's bytes.
    package var reason: String {
        switch self {
        case .protocolBroken(let what): what.description
        case .notUTF8: "a text is not UTF-8"
        case .messageTooLong(let byteCount, let limit): "a message of \(byteCount) bytes, the limit is \(limit)"
        }
    }
}
