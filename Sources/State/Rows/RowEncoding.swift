extension RowLayout {
    /// A number's value takes at most this many bytes.
    private static let numLimit = 10

    /// Appends the values of all fields, in field order. Where each begins goes into `starts`, which has room for one
    /// more than there are fields.
    @inline(__always)
    func encode(
        _ fields: UnsafeBufferPointer<FieldLayout>, of row: UnsafeRawPointer, starts: UnsafeMutablePointer<Int>,
        into memory: inout WireMemory
    ) {
        let room = fields.count * Self.numLimit
        memory.reserve(room)
        for place in 0..<fields.count {
            starts[place] = memory.count
            let field = fields[place]
            if field.presence == .required, field.kind.isNumber {
                memory.num(field.plainNum(row))
            } else {
                memory.rare(field, accesses[place], row + field.offset, row: row, room: room)
            }
        }
        starts[fields.count] = memory.count
    }

    /// Rounds the stepped fields of a row where they lie, so that the table, its shadow and every mirror hold the same.
    func round(_ row: UnsafeMutableRawPointer) {
        for field in fields {
            let place = row + field.offset
            switch (field.kind, field.presence) {
            case (.steppedFloat, .required):
                let float = place.assumingMemoryBound(to: Float.self)
                float.pointee = Quantum.round(float.pointee, step: field.step)
            case (.steppedFloat, .optional):
                let float = place.assumingMemoryBound(to: Float?.self)
                float.pointee = float.pointee.map { Quantum.round($0, step: field.step) }
            case (.steppedDouble, .required):
                let double = place.assumingMemoryBound(to: Double.self)
                double.pointee = Quantum.round(double.pointee, step: field.step)
            case (.steppedDouble, .optional):
                let double = place.assumingMemoryBound(to: Double?.self)
                double.pointee = double.pointee.map { Quantum.round($0, step: field.step) }
            default: break
            }
        }
    }

    /// Makes the fields in `mask` of one row what they are in another.
    @inline(__always)
    func copy(
        _ fields: UnsafeBufferPointer<FieldLayout>, _ mask: UInt64, from row: UnsafeRawPointer,
        to other: UnsafeMutableRawPointer
    ) {
        var rest = mask
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest &- 1
            let field = fields[place]
            let (source, target) = (row + field.offset, other + field.offset)
            switch (field.kind, field.presence) {
            case (.text, .required): target.assumingMemoryBound(to: String.self).pointee = source.load(as: String.self)
            case (.text, .optional): target.assumingMemoryBound(to: String?.self).pointee = source.load(as: String?.self)
            case (.bytes, .required): target.assumingMemoryBound(to: [UInt8].self).pointee = source.load(as: [UInt8].self)
            case (.bytes, .optional):
                target.assumingMemoryBound(to: [UInt8]?.self).pointee = source.load(as: [UInt8]?.self)
            case (.raw, _): accesses[place]?.copy(source, to: target)
            default: Self.copyNumber(source, target, field.byteCount)
            }
        }
    }

    /// Numbers have 1, 2, 4 or 8 bytes, and one more for nil.
    @inline(__always)
    private static func copyNumber(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ byteCount: Int) {
        switch byteCount {
        case 1: target.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
        case 2: target.storeBytes(of: source.load(as: UInt16.self), as: UInt16.self)
        case 4: target.storeBytes(of: source.load(as: UInt32.self), as: UInt32.self)
        case 8: target.storeBytes(of: source.load(as: UInt64.self), as: UInt64.self)
        default: target.copyMemory(from: source, byteCount: byteCount)
        }
    }
}

extension MemoryKind {
    @inline(__always) var isNumber: Bool { rawValue < MemoryKind.text.rawValue || self == .steppedFloat || self == .steppedDouble }
}

extension WireMemory {
    /// A value that is not a plain number. Leaves `room` for the fields that follow, as it found it.
    @inline(never)
    mutating func rare(
        _ field: FieldLayout, _ access: (any RawAccess)?, _ place: UnsafeRawPointer, row: UnsafeRawPointer, room: Int
    ) {
        switch (field.kind, field.presence) {
        case (.text, .required): text(place.load(as: String.self), room)
        case (.text, .optional): if let value = place.load(as: String?.self) { text(value, room) } else { null() }
        case (.bytes, .required): blob(place.load(as: [UInt8].self), room)
        case (.bytes, .optional): if let value = place.load(as: [UInt8]?.self) { blob(value, room) } else { null() }
        case (.raw, _): if let access { value(access.value(at: place), room) }
        default: if let value = field.optionalNum(row) { num(value) } else { null() }
        }
    }

    private mutating func null() { u8(ValueMark.null) }

    private mutating func text(_ value: String, _ room: Int) {
        var value = value
        value.withUTF8 { blob($0, room) }
    }

    private mutating func blob(_ value: [UInt8], _ room: Int) { value.withUnsafeBufferPointer { blob($0, room) } }

    private mutating func blob(_ bytes: UnsafeBufferPointer<UInt8>, _ room: Int) {
        reserve(10 + bytes.count + room)
        u8(ValueMark.blob)
        num(UInt64(bytes.count))
        if let first = bytes.baseAddress { copy(first, bytes.count) }
    }

    /// A raw value; those are never quantised.
    private mutating func value(_ value: FieldValue, _ room: Int) {
        switch value {
        case .null: null()
        case .bool(let value): num(value ? 1 : 0)
        case .int(let value): num(value.zigzag)
        case .uint(let value): num(value)
        case .float(let value): num(value.wireBits)
        case .double(let value): num(value.wireBits)
        case .text(let value): text(value, room)
        case .bytes(let value): blob(value, room)
        }
    }
}
