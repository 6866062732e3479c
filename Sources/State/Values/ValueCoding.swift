/// The wire form of single values (docs/WIRE.md, Values).
enum ValueMark {
    /// Stands before a value that is `bytes`.
    static let blob: UInt8 = 0xF5
    /// Is the value nil.
    static let null: UInt8 = 0xF6
}

extension ByteReader {
    /// Passes over one value, checking that it is well formed. Needs no schema.
    mutating func skipValue() throws(WireError) {
        guard position < base.count else { throw .truncated(at: position) }
        switch base[position] {
        case ..<0x80: advance(1)
        case ValueMark.blob:
            advance(1)
            _ = try blob()
        case ValueMark.null: advance(1)
        default: _ = try num()
        }
    }

    /// Passes over `count` values.
    mutating func skipValues(_ count: Int) throws(WireError) {
        for _ in 0..<count { try skipValue() }
    }

    /// Reads one value and checks that it is one of `field`'s.
    mutating func value(of field: FieldDescription) throws(WireError) -> FieldValue {
        guard position < base.count else { throw .truncated(at: position) }
        switch base[position] {
        case ValueMark.null:
            guard field.isOptional else { throw .invalid("nil in a field that is not optional") }
            advance(1)
            return .null
        case ValueMark.blob:
            advance(1)
            switch field.type {
            case .text: return .text(try text())
            case .bytes: return .bytes(Array(try blob()))
            default: throw .invalid("bytes in a field that is a number")
            }
        default:
            let num = try num()
            return try FieldValue(num: num, type: field.type)
        }
    }
}

extension FieldValue {
    /// The value of type `type` that `num` stands for.
    init(num: UInt64, type: FieldType) throws(WireError) {
        guard let highest = type.highestNum else { throw .invalid("a number in a field of text or bytes") }
        guard num <= highest else { throw .invalid("a number out of its field's range") }
        switch type {
        case .bool: self = .bool(num == 1)
        case .int8, .int16, .int32, .int64: self = .int(Int64(zigzag: num))
        case .uint8, .uint16, .uint32, .uint64: self = .uint(num)
        case .float:
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: num).byteSwapped)
            guard value.wireBits == num else { throw .invalid("a NaN other than the one") }
            self = .float(value)
        case .double:
            let value = Double(bitPattern: num.byteSwapped)
            guard value.wireBits == num else { throw .invalid("a NaN other than the one") }
            self = .double(value)
        case .quantised(let step): self = .double(Quantum.value(steps: Int64(zigzag: num), step: step))
        case .text, .bytes: throw .invalid("a number in a field of text or bytes")
        }
    }
}

extension ByteWriter {
    mutating func null() { u8(ValueMark.null) }

    mutating func textValue(_ value: String) {
        u8(ValueMark.blob)
        text(value)
    }

    mutating func bytesValue(_ value: [UInt8]) {
        u8(ValueMark.blob)
        blob(value)
    }

    /// A value as it stands for itself; quantised numbers are not told apart here and never come this way.
    mutating func value(_ value: FieldValue) {
        switch value {
        case .null: null()
        case .bool(let value): num(value ? 1 as UInt64 : 0)
        case .int(let value): num(value.zigzag)
        case .uint(let value): num(value)
        case .float(let value): num(value.wireBits)
        case .double(let value): num(value.wireBits)
        case .text(let value): textValue(value)
        case .bytes(let value): bytesValue(value)
        }
    }
}
