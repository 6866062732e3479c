import Core
import State

/// A client at the door, as the accept hook sees it.
public struct Arrival: Sendable {
    /// The address it comes from.
    public let peer: String
    /// The path of its WebSocket request; nil for a plain stream.
    public let path: String?
    /// The query of its WebSocket request, decoded.
    public let query: [String: String]
    /// The headers of its WebSocket request, by lower-case name; the last of several.
    public let headers: [String: String]
}

/// What the accept hook answers.
public enum Admission: Sendable {
    /// Let it in. The back finds the claims with the session; a claim called `user` binds the session's token to that user.
    case accept(claims: [String: String] = [:])
    /// Turn it away, with a reason that it is told.
    case refuse(String)
}

/// How a front process is set up.
public struct FrontSetup: Sendable {
    var accept: (@Sendable (Arrival) async -> Admission)?
    var heard: (@Sendable (_ channel: String, _ data: [UInt8]) -> Void)?
    var files: [FileMount] = []
    var flushInterval: Duration = .milliseconds(1)
    var allowedOrigins: [String]?
    var routes = HTTPRoutes<WebHandler>()
    var pages: [(shape: KeyShape, kind: String)] = []
    var started: (@Sendable (Front) -> Void)?
    /// What is wrong with the wishes; said at the start.
    var problem: String?
    var messageBytes = Limits.clientFrameBytes
    var pingPeriod = Limits.pingPeriod
    var slowClient = Limits.slowClient
    /// Other nodes of the cluster, by the hub's word.
    var nodes: [String] = []

    /// Asks `hook` about every client before it may say hello. It may wait for other services; a client whose answer takes longer
    /// than 5 s is closed. Without a hook everyone is let in, without claims.
    public mutating func accept(_ hook: @escaping @Sendable (Arrival) async -> Admission) { accept = hook }

    /// Calls `hook` with each message that a channel sends to its fronts, or to this one. It is called on the loop's thread, so it
    /// should hand on what takes long. Messages are at most once.
    public mutating func heard(_ hook: @escaping @Sendable (_ channel: String, _ data: [UInt8]) -> Void) {
        heard = hook
    }

    /// Serves the files of a folder below a path prefix: `files("/", from: "web")`. The longest prefix wins.
    public mutating func files(_ prefix: String, from folder: String) {
        files.append(FileMount(prefix: prefix, folder: folder))
    }

    /// Calls `body` when the front runs, with the handle that handlers find in their requests.
    public mutating func started(_ body: @escaping @Sendable (Front) -> Void) { started = body }

    /// How long a front waits for more inputs before it sends a batch to a back; 1 ms by default.
    public mutating func flushes(every interval: Duration) { flushInterval = interval }

    /// The longest WebSocket message that a client may send, in bytes, its fragments added up: 256 KiB unless said otherwise. A
    /// longer one closes the connection with 1009. Each client may make the front hold so much.
    public mutating func messages(upTo byteCount: Int) { messageBytes = max(1, byteCount) }

    /// How long a client may be silent before it is asked whether it is there: 20 s unless said otherwise, at least 1 s. It has
    /// half of that to answer; then its connection is closed with 4006, and its session kept.
    public mutating func asksSilentClients(after period: Duration) { pingPeriod = max(.seconds(1), period) }

    /// How long a client may take no byte of what waits for it: 120 s unless said otherwise, at least 1 s. Then its connection is
    /// closed with 4008, and its session kept. One that reads slowly, however slowly, is not closed.
    public mutating func closesSlowClients(after patience: Duration) { slowClient = max(.seconds(1), patience) }

    /// Origins whose pages may connect, as `https://example.org`. Without it, only pages of the same host and port may.
    public mutating func allow(origins: [String]) { allowedOrigins = origins }
}
