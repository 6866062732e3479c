/// A type that can key a table at a reader: integers that fit in 64 signed bits, `String`, `SessionNumber`.
///
/// An application uses the conformances that are here; it has no reason to add one.
public protocol MirrorKey: Hashable, Sendable {
    /// The key without its type.
    var rowKey: RowKey { get }
    /// The key that `key` is; nil if this type does not hold it.
    init?(_ key: RowKey)
}

extension SessionNumber: MirrorKey {
    public var rowKey: RowKey { .session(self) }
    public init?(_ key: RowKey) {
        guard case .session(let number) = key else { return nil }
        self = number
    }
}

extension String: MirrorKey {
    public var rowKey: RowKey { .text(self) }
    public init?(_ key: RowKey) {
        guard case .text(let text) = key else { return nil }
        self = text
    }
}

extension FixedWidthInteger where Self: MirrorKey {
    public var rowKey: RowKey { .int(Int64(self)) }
    public init?(_ key: RowKey) {
        guard case .int(let value) = key else { return nil }
        self.init(exactly: value)
    }
}

extension Int: MirrorKey {}
extension Int8: MirrorKey {}
extension Int16: MirrorKey {}
extension Int32: MirrorKey {}
extension Int64: MirrorKey {}
extension UInt8: MirrorKey {}
extension UInt16: MirrorKey {}
extension UInt32: MirrorKey {}
