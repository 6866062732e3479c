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

/// The three kinds of key as a table keeps them. Closed: nothing outside this module conforms.
public protocol KeyBits: Hashable, Comparable, Sendable {
    static var kind: KeyKind { get }
    /// The key as readers know it.
    var rowKey: RowKey { get }
    /// The session that it is, if it is one: then it is a row's key only with the number that the state gave.
    var session: SessionID? { get }
    mutating func take(_ number: SessionNumber)
}

extension KeyBits {
    public var session: SessionID? { nil }
    public mutating func take(_ number: SessionNumber) {}
}

extension Int64: KeyBits {
    public static var kind: KeyKind { .integer }
}

extension TextKey: KeyBits {
    public static var kind: KeyKind { .text }
    public var rowKey: RowKey { .text(text) }
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
