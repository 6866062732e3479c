/// Work that a rule has done by a worker: `.page("/b/12")`, or any kind that the hub's configuration declares, as
/// `Work("thread", "/b/t/7")`. Two for the same kind and key are the same work.
public struct Work: Hashable, Sendable, CustomStringConvertible {
    /// What work it is, at most 64 bytes.
    public var kind: String
    /// Which of its kind, at most 512 bytes.
    public var key: String
    /// What the worker is told beside it, at most 64 KiB. Of several requests that become one job the last one's counts.
    public var payload: [UInt8]
    /// How soon; nil: as the kind was declared.
    public var urgency: DeadlineClass?

    public init(_ kind: String, _ key: String, payload: [UInt8] = [], urgency: DeadlineClass? = nil) {
        (self.kind, self.key, self.payload, self.urgency) = (kind, key, payload, urgency)
    }

    /// The page at a path, by a job of the kind `page`.
    public static func page(_ path: String) -> Work { Work("page", path) }

    public var description: String { "\(kind) \(key)" }

    var isWithinLimits: Bool {
        !kind.isEmpty && kind.utf8.count <= 64 && key.utf8.count <= JobAddress.keyByteLimit
            && payload.count <= Limits.jobPayloadBytes
    }
}

/// Names one `tick.ask` of a channel. Numbers only grow within a lineage.
public struct AskID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (left: AskID, right: AskID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "\(rawValue)" }
}

/// What became of something that the rule asked for.
public struct Answered: Sendable {
    public let id: AskID
    public let work: Work
    public let answer: AskAnswer
}

/// The stages of an answer: `queued` or `merged`, later one of the others; or at once `rejected`.
public enum AskAnswer: Hashable, Sendable {
    /// The hub has it on disk, as a job of its own.
    case queued
    /// A job that has not begun will do it.
    case merged
    /// The hub does not take it, for this reason. The last word.
    case rejected(String)
    /// It is done. The result is the page that the worker made at the job's key; nil if there is none, or none of at most 64 KiB.
    /// The last word.
    case done(result: [UInt8]?)
    /// It failed as often as it may, at last for this reason. The last word.
    case dead(String)
    /// An operator took it out of the queue. The last word.
    case dropped

    /// Whether nothing more will be said.
    public var isLast: Bool {
        switch self {
        case .queued, .merged: false
        case .rejected, .done, .dead, .dropped: true
        }
    }
}
