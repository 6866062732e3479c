/// A type that can key a table: integers that fit in 64 signed bits, `String`, `SessionID`.
///
/// An application uses the conformances that are here; it has no reason to add one.
public protocol TableKey: Hashable, Sendable {
    /// The key as it is hashed and ordered: as its wire form is.
    associatedtype Bits: KeyBits
    /// The key as it is hashed and ordered.
    var keyBits: Bits { get }
    /// The key that these bits are; nil if this type does not hold it.
    init?(keyBits: Bits)
}

/// The three forms that keys have on the wire. Closed: nothing outside this module conforms.
public protocol KeyBits: Hashable, Comparable, Sendable {
    static var kind: KeyKind { get }
    var rowKey: RowKey { get }
    init?(_ key: RowKey)
}

extension Int64: KeyBits {
    public static var kind: KeyKind { .integer }
    public var rowKey: RowKey { .int(self) }
    public init?(_ key: RowKey) {
        guard case .int(let value) = key else { return nil }
        self = value
    }
}

extension SessionID: KeyBits, TableKey {
    public static var kind: KeyKind { .session }
    public var rowKey: RowKey { .session(self) }
    public init?(_ key: RowKey) {
        guard case .session(let value) = key else { return nil }
        self = value
    }
    public var keyBits: SessionID { self }
    public init?(keyBits: SessionID) { self = keyBits }
}

extension TextKey: KeyBits {
    public static var kind: KeyKind { .text }
    public var rowKey: RowKey { .text(text) }
    public init?(_ key: RowKey) {
        guard case .text(let value) = key else { return nil }
        text = value
    }
}

extension String: TableKey {
    public var keyBits: TextKey { TextKey(self) }
    public init?(keyBits: TextKey) { self = keyBits.text }
}

extension FixedWidthInteger where Self: TableKey, Bits == Int64 {
    public var keyBits: Int64 { Int64(self) }
    public init?(keyBits: Int64) { self.init(exactly: keyBits) }
}

extension Int: TableKey { public typealias Bits = Int64 }
extension Int8: TableKey { public typealias Bits = Int64 }
extension Int16: TableKey { public typealias Bits = Int64 }
extension Int32: TableKey { public typealias Bits = Int64 }
extension Int64: TableKey { public typealias Bits = Int64 }
extension UInt8: TableKey { public typealias Bits = Int64 }
extension UInt16: TableKey { public typealias Bits = Int64 }
extension UInt32: TableKey { public typealias Bits = Int64 }
