/// A session id as a table keeps it: found by the id, ordered and sent by the number.
public struct SessionKey: Hashable, Comparable, Sendable {
    let id: SessionID
    /// 0 in a key that only looks for a row.
    var number: UInt64 = 0

    public static func == (one: SessionKey, other: SessionKey) -> Bool { one.id == other.id }

    public static func < (one: SessionKey, other: SessionKey) -> Bool { one.number < other.number }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension SessionKey: KeyBits {
    public static var kind: KeyKind { .session }
    public var rowKey: RowKey { .session(SessionNumber(rawValue: number)) }
    public var session: SessionID? { id }
    public mutating func take(_ number: SessionNumber) { self.number = number.rawValue }
}

extension SessionID: TableKey {
    public var keyBits: SessionKey { SessionKey(id: self) }
    public init?(keyBits: SessionKey) { self = keyBits.id }
}
