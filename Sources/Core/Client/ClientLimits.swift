/// The bounds of one client, beside those of the conversation in `Limits`. Each is an answer when it is reached.
package enum ClientLimits {
    /// Inputs that wait for the window or for a connection. `send` refuses above it.
    package static let queuedInputs = 2048
    package static let queuedBytes = 4 << 20
    /// Messages of a channel that wait for the version they name; the oldest goes first.
    package static let heldMessages = 64
    /// A state that travels in pieces, and a WebSocket message that carries all of it.
    package static let stateBytes = 64 << 20
    /// Reads that do not fit into a hello of this size follow as frames of their own.
    package static let helloBytes = 64 << 10
    /// From the first try to connect to the welcome.
    package static let handshake: Duration = .seconds(10)
    /// A connection that lived this long starts the backoff anew.
    package static let settled: Duration = .seconds(2)
    /// The first try to come back is made within this time, so that many clients do not come at once.
    package static let firstRetry: Duration = .milliseconds(250)
    package static let longestRetry: Duration = .seconds(10)
    /// What a peer may make us wait at most when it names a time.
    package static let longestNamedRetry: Duration = .seconds(600)
    /// From giving back the right to write to giving up what was under way: twice what a front waits for the old channel.
    package static let withdrawal: Duration = .seconds(10)
    /// Gaps in a row without a commit between them, after which the connection is at fault.
    package static let gapsInARow = 5
}
