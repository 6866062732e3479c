/// One field's value without its Swift type: what an untyped mirror shows.
///
/// Two values are equal when their wire forms are: floats bit for bit with one NaN, texts byte for byte.
public enum FieldValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case float(Float)
    case double(Double)
    case text(String)
    case bytes([UInt8])
}

extension FieldValue: Equatable {
    public static func == (one: FieldValue, other: FieldValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.float(let a), .float(let b)): a.wireBits == b.wireBits
        case (.double(let a), .double(let b)): a.wireBits == b.wireBits
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        case (.bytes(let a), .bytes(let b)): a == b
        default: false
        }
    }
}

extension FieldValue {
    /// The number as a Double, for every numeric case.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .float(let value): Double(value)
        case .double(let value): value
        case .null, .bool, .text, .bytes: nil
        }
    }
}

extension Float {
    /// The bits with their bytes reversed, so that round numbers are small; every NaN is the same one.
    var wireBits: UInt64 { UInt64((isNaN ? 0x7FC0_0000 : bitPattern).byteSwapped) }
}

extension Double {
    /// The bits with their bytes reversed, so that round numbers are small; every NaN is the same one.
    var wireBits: UInt64 { (isNaN ? 0x7FF8_0000_0000_0000 : bitPattern).byteSwapped }
}

extension Int64 {
    /// 0, −1, 1, −2 … as 0, 1, 2, 3 …
    @inline(__always) var zigzag: UInt64 { UInt64(bitPattern: (self << 1) ^ (self >> 63)) }

    /// The inverse of `zigzag`.
    @inline(__always) init(zigzag value: UInt64) {
        self = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
