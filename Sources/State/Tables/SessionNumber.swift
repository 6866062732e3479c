/// What a session is called inside one channel: a small number from 1, short on the wire.
///
/// A channel's state gives it, in the order in which sessions come or are first keys, and never again in its lineage. It is
/// what clients know of other sessions: the key of a row in a table keyed by sessions. A session is told its own with the
/// channel's yes, and has it for as long as it is there or a row is keyed by it. Elsewhere the same session has another.
public struct SessionNumber: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension SessionNumber: Comparable {
    public static func < (one: SessionNumber, other: SessionNumber) -> Bool { one.rawValue < other.rawValue }
}

extension SessionNumber: CustomStringConvertible {
    public var description: String { String(rawValue) }
}

extension SessionNumber {
    /// As an integer key, which it is on the wire.
    var key: Int64 { Int64(bitPattern: rawValue) }

    init(key: Int64) { self.init(rawValue: UInt64(bitPattern: key)) }
}
