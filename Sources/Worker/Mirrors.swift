import State

/// A channel as a worker sees it: everyone's rows, at one version.
public struct MirroredChannel: Sendable {
    /// Its id.
    public let channel: String
    /// Which life of a back made this state; only grows.
    public internal(set) var epoch: UInt64
    public internal(set) var lineage: UInt64
    /// The rows; `rows.version` is the version.
    public internal(set) var rows: ChannelMirror

    /// The version that a page which is built of this channel alone should have: `Page(…, version: board.version)`.
    public var version: (epoch: UInt64, version: UInt64) { (epoch, rows.version) }

    /// The table called `name` as rows of the application's own type; empty if there is none. See `ChannelMirror.table`.
    public func table<K: MirrorKey, R: Row>(_ name: String, key: K.Type = K.self, row: R.Type = R.self) -> [K: R] {
        rows.table(name, key: key, row: row)
    }
}

/// The channels that one run of a job reads, as they were when it began: at the versions that the job named, or later.
public struct Mirrors: Sendable {
    /// By id.
    public let channels: [MirroredChannel]

    /// One of them by its id; nil if the run does not read it.
    public subscript(channel: String) -> MirroredChannel? { channels.first { $0.channel == channel } }

    /// The version that a page which is built of all of them has, and what a page gets that says none: it grows whenever one of
    /// the channels does. Builds of one page must read the same channels, or say a version.
    public var version: (epoch: UInt64, version: UInt64) {
        (channels.map(\.epoch).max() ?? 0, channels.reduce(0) { $0 + $1.rows.version })
    }
}
