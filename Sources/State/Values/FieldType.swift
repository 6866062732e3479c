/// The wire type of a field, as a schema names it.
public enum FieldType: Equatable, Sendable {
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float, double
    case text
    case bytes
    /// A number rounded to whole multiples of `step`: finite and above zero.
    case quantised(step: Double)

    /// The number that stands for this type in a schema (docs/WIRE.md, Schema).
    var code: UInt8 {
        switch self {
        case .bool: 1
        case .int8: 2
        case .int16: 3
        case .int32: 4
        case .int64: 5
        case .uint8: 6
        case .uint16: 7
        case .uint32: 8
        case .uint64: 9
        case .float: 10
        case .double: 11
        case .text: 12
        case .bytes: 13
        case .quantised: 17
        }
    }

    /// The type that `code` stands for; nil for 17, which needs its step, and for codes that mean nothing.
    init?(code: UInt8) {
        switch code {
        case 1: self = .bool
        case 2: self = .int8
        case 3: self = .int16
        case 4: self = .int32
        case 5: self = .int64
        case 6: self = .uint8
        case 7: self = .uint16
        case 8: self = .uint32
        case 9: self = .uint64
        case 10: self = .float
        case 11: self = .double
        case 12: self = .text
        case 13: self = .bytes
        default: return nil
        }
    }

    /// The highest `num` a value of this type may be; nil for types that are not a `num`.
    var highestNum: UInt64? {
        switch self {
        case .bool: 1
        case .int8, .uint8: 0xFF
        case .int16, .uint16: 0xFFFF
        case .int32, .uint32, .float: 0xFFFF_FFFF
        case .int64, .uint64, .double: .max
        case .quantised: UInt64(bitPattern: Quantum.stepLimit) * 2
        case .text, .bytes: nil
        }
    }
}
