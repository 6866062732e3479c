import State

/// Where a client stands.
package enum ClientStatus: Hashable, Sendable {
    case connecting
    case connected
    /// Until the next try, with the reason why the last connection ended.
    case waiting(until: Instant, code: CloseCode, reason: String)
    /// For good, or until `start` is called again: closed, superseded, refused.
    case stopped(code: CloseCode, reason: String)
}

/// What a client's owner is told.
package enum ClientEvent {
    case status(ClientStatus)
    case welcomed(SessionID, isResumed: Bool)
    /// The channel let us in, with what its application said.
    case attached(channel: String, data: [UInt8])
    /// A whole tick is in the channel's mirror now.
    case committed(channel: String, changes: [MirrorChange])
    /// What was held did not reach what came: the channel is read again from nothing.
    case gap(channel: String)
    /// The channel is gone. It is read again by itself unless `isFinal`.
    case unlinked(channel: String, Farewell, isFinal: Bool)
    case granted(channel: String, GrantID, isNew: Bool)
    case settled(channel: String, InputTicket, InputOutcome)
    case message(channel: String, version: Version, data: [UInt8])
}

/// What a client counts.
package struct ClientCounters: Equatable, Sendable {
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var connections: UInt64 = 0
    package var sections: UInt64 = 0
    package var snapshots: UInt64 = 0
    package var commits: UInt64 = 0
    package var patchBytes: UInt64 = 0
    package var gaps: UInt64 = 0
    /// Commits after which the state's hash was not the back's.
    package var disagreements: UInt64 = 0
    package var inputs: UInt64 = 0
    package var inputsResent: UInt64 = 0
    package var acked: UInt64 = 0
    package var refused: UInt64 = 0
    package var undecided: UInt64 = 0
    package var messages: UInt64 = 0
    package var messagesDropped: UInt64 = 0
    package var protocolErrors: UInt64 = 0

    package init() {}
}

/// One try to connect, numbered by the client, never used again.
package struct TryNumber: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a client behaves.
package struct ClientSettings: Sendable {
    package var transport: ClientTransport
    /// What an earlier client of the same session had: its token, and the highest attach number it said.
    package var token: [UInt8] = []
    package var attach = AttachNumber(rawValue: 0)
    package var undecided = UndecidedPolicy.resend
    /// How long the other side may be silent before it is asked.
    package var pingPeriod = Limits.pingPeriod

    package init(transport: ClientTransport) { self.transport = transport }
}
