/// A type that a field can have: `Bool`, the fixed-width integers, `Int`, `UInt`, `Float`,
/// `Double`, `String`, `[UInt8]`.
/// Optionals of these and enums whose raw values are these need no conformance.
///
/// An application uses the conformances that are here; it has no reason to add one.
public protocol FieldRepresentable {
    /// How a value of this type lies in memory.
    static var fieldShape: FieldShape { get }
    /// The value without its type.
    var fieldValue: FieldValue { get }
    /// The value of this type that `value` is; nil if this type does not hold it.
    init?(fieldValue value: FieldValue)
}

/// How a field's type lies in memory. Only this module makes one, so what it says is true of the types it is used for.
public struct FieldShape: Sendable {
    let kind: MemoryKind
    let type: FieldType
}

/// What lies at a field's offset: the one thing that the per-row loops switch over.
enum MemoryKind: UInt8, Sendable {
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float, double
    case text
    case bytes
    case steppedFloat, steppedDouble
    /// A raw-representable type; reached through its layout's `RawAccess`.
    case raw
}

extension Bool: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .bool, type: .bool) }
    public var fieldValue: FieldValue { .bool(self) }
    public init?(fieldValue value: FieldValue) {
        guard case .bool(let value) = value else { return nil }
        self = value
    }
}

extension String: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .text, type: .text) }
    public var fieldValue: FieldValue { .text(self) }
    public init?(fieldValue value: FieldValue) {
        guard case .text(let value) = value else { return nil }
        self = value
    }
}

extension [UInt8]: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .bytes, type: .bytes) }
    public var fieldValue: FieldValue { .bytes(self) }
    public init?(fieldValue value: FieldValue) {
        guard case .bytes(let value) = value else { return nil }
        self = value
    }
}

extension Float: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .float, type: .float) }
    public var fieldValue: FieldValue { .float(self) }
    public init?(fieldValue value: FieldValue) {
        guard let number = value.number else { return nil }
        self = Float(number)
    }
}

extension Double: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .double, type: .double) }
    public var fieldValue: FieldValue { .double(self) }
    public init?(fieldValue value: FieldValue) {
        guard let number = value.number else { return nil }
        self = number
    }
}

extension FixedWidthInteger where Self: FieldRepresentable {
    public var fieldValue: FieldValue { Self.isSigned ? .int(Int64(self)) : .uint(UInt64(self)) }

    /// From whole numbers that fit, whatever their width.
    public init?(fieldValue value: FieldValue) {
        switch value {
        case .int(let value): self.init(exactly: value)
        case .uint(let value): self.init(exactly: value)
        case .float(let value): self.init(exactly: value)
        case .double(let value): self.init(exactly: value)
        case .null, .bool, .text, .bytes: return nil
        }
    }
}

extension Int8: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .int8, type: .int8) }
}

extension Int16: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .int16, type: .int16) }
}

extension Int32: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .int32, type: .int32) }
}

extension Int64: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .int64, type: .int64) }
}

extension Int: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .int64, type: .int64) }
}

extension UInt8: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .uint8, type: .uint8) }
}

extension UInt16: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .uint16, type: .uint16) }
}

extension UInt32: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .uint32, type: .uint32) }
}

extension UInt64: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .uint64, type: .uint64) }
}

extension UInt: FieldRepresentable {
    public static var fieldShape: FieldShape { FieldShape(kind: .uint64, type: .uint64) }
}
