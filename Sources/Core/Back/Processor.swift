import State

/// An application's rule: how a channel's state changes in one tick.
///
/// It is synchronous and deterministic: no I/O, no clock, no dice of its own; what it knows comes from the tick's events and from
/// the tables. What is not in a table is not state: it is gone after a restart. A processor is made from its type, so that
/// restart, replay and tests can make another.
public protocol Processor {
    /// Declares the tables and fills in what stands there at the beginning. Called once for each channel that is made.
    init(_ state: inout State)

    /// Applies one tick's events. Events left unread when it returns are treated as read: sessions join, inputs are acked.
    mutating func step(_ tick: inout Tick)
}

/// What happened to a channel since its last tick, in order of arrival.
///
/// Nearly all events are inputs, so an event is handed over as one: all that is seldom is `indirect`.
public enum Event {
    /// A session, or a front for itself, asks to come in. `tick.refuse(request, reason)` says no and
    /// `tick.accept(request, data:)` yes with data; a request that gets neither is accepted.
    indirect case requested(Request)
    /// A session is in. It stays until `left`, also while its connection is lost.
    indirect case joined(Session)
    /// A session's connection is lost. It may come back.
    indirect case detached(SessionID)
    /// A session came back, here or at another front, with what its front now says of it.
    indirect case returned(Session)
    /// A session is gone for good.
    indirect case left(SessionID, LeaveReason)
    /// A session may write from now on, with what it gave with its wish to.
    indirect case writeGranted(SessionID, options: [UInt8])
    /// A session may no longer write here, with what it gave with its wish to write elsewhere, or nowhere.
    indirect case writeRevoked(SessionID, options: [UInt8])
    /// A message of a session that holds the write grant.
    case input(Input)
    /// A message outside the inputs, from a session, a front or another channel: at most once, not numbered.
    indirect case message(Message)
    /// The hub said what became of something that was asked for with `tick.ask`.
    indirect case answered(Answered)
    /// A front channel is linked: patches go to it from this tick on.
    indirect case linked(front: String)
    /// A front channel is gone, and its sessions are detached.
    indirect case unlinked(front: String)
}

/// A session's stay in a channel.
public struct Session: Sendable {
    public let id: SessionID
    /// What the front's accept hook said of it.
    public let claims: [String: String]
    /// What the client gave with its wish to read this channel.
    public let options: [UInt8]
    /// The front that serves it.
    public let front: String
}

/// Why a session is gone.
public enum LeaveReason: Hashable, Sendable {
    /// It said goodbye or stopped reading the channel.
    case left
    /// It was away for too long.
    case expired
    /// The application dismissed it.
    case dismissed
}

/// Someone at the door.
public struct Request: Sendable {
    /// Nil when a front links for itself, without a session.
    public let session: Session?
    /// What it gave with its wish.
    public let options: [UInt8]
    public let front: String
}

/// One input of one session.
public struct Input: Sendable {
    /// What the client sent, unchanged.
    public let bytes: Bytes
    public let session: SessionID
    /// Its place within the session's write grant, from 1.
    public let number: UInt64
}

/// A message that is not an input.
public struct Message: Sendable {
    /// The session that sent it; nil when a front speaks for itself, or a channel.
    public let session: SessionID?
    /// The channel that sent it; nil when a session did, or a front.
    public let channel: String?
    /// The front that sent it, or through which it came.
    public let front: String
    public let bytes: Bytes
}
