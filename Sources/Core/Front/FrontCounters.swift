/// What a front counts. Every refusal and every drop is here, by reason, so that an operator sees it.
package struct FrontCounters: Sendable {
    package var connectionsAccepted: UInt64 = 0
    package var connectionsRefused: UInt64 = 0
    package var httpRequests: UInt64 = 0
    package var sessionsOpened: UInt64 = 0
    package var sessionsResumed: UInt64 = 0
    package var tokensRefused: UInt64 = 0
    package var inputs: UInt64 = 0
    package var inputBytes: UInt64 = 0
    package var inputsOfOtherGrant: UInt64 = 0
    package var batches: UInt64 = 0
    package var patches: UInt64 = 0
    package var patchBytes: UInt64 = 0
    package var deliveries: UInt64 = 0
    package var deliveredBytes: UInt64 = 0
    package var writes: UInt64 = 0
    package var squashes: UInt64 = 0
    package var snapshots: UInt64 = 0
    package var messagesDropped: UInt64 = 0
    package var creditStalls: UInt64 = 0
    package var gaps: UInt64 = 0
    package var trunksLost: UInt64 = 0
    package var staleEpochs: UInt64 = 0
    /// Connections that ended by our decision, by why.
    package var closed: [CloseCode: UInt64] = [:]
    /// HTTP requests that were refused, by status.
    package var httpRefused: [Int: UInt64] = [:]

    package init() {}
}
