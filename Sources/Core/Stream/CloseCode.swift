import State

/// Why a conversation, a link or a membership ended. docs/WIRE.md, "Codes", says what the receiver does.
package enum CloseCode: UInt16, Sendable, Hashable, CaseIterable {
    case done = 1000
    case goingAway = 1001
    case protocolError = 1002
    case notUTF8 = 1007
    case tooBig = 1009
    case failed = 1011
    case moved = 1012
    case overloaded = 1013
    case superseded = 4000
    case refused = 4001
    case version = 4002
    case unproven = 4003
    case unknownChannel = 4004
    case expired = 4005
    case timedOut = 4006
    case duplicate = 4007
    case slow = 4008
    case unavailable = 4009
    case stale = 4010

    /// The name that counters and logs use.
    package var name: String {
        switch self {
        case .done: "done"
        case .goingAway: "going away"
        case .protocolError: "protocol error"
        case .notUTF8: "not UTF-8"
        case .tooBig: "too big"
        case .failed: "failed"
        case .moved: "moved"
        case .overloaded: "overloaded"
        case .superseded: "superseded"
        case .refused: "refused"
        case .version: "version"
        case .unproven: "unproven"
        case .unknownChannel: "unknown channel"
        case .expired: "expired"
        case .timedOut: "timed out"
        case .duplicate: "duplicate"
        case .slow: "slow"
        case .unavailable: "unavailable"
        case .stale: "stale"
        }
    }
}

/// An end with its reason: what the peer is told, and what the operator reads.
package struct Farewell: Error, Equatable, Sendable {
    package var code: CloseCode
    package var reason: String

    package init(_ code: CloseCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// A peer's bytes that were not understood.
    package init(_ error: WireError) {
        switch error {
        case .notUTF8: self.init(.notUTF8, error.description)
        case .overLimit: self.init(.tooBig, error.description)
        default: self.init(.protocolError, error.description)
        }
    }
}
