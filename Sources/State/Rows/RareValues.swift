extension WireMemory {
    /// A value that is not a plain number. Leaves `room` for the fields that follow, as it found it.
    mutating func rare(_ field: FieldLayout, _ access: (any RawAccess)?, _ place: UnsafeRawPointer, room: Int) {
        switch (field.kind, field.presence) {
        case (.text, .required): text(place.load(as: String.self), room)
        case (.text, .optional): if let value = place.load(as: String?.self) { text(value, room) } else { null() }
        case (.bytes, .required): blob(place.load(as: [UInt8].self), room)
        case (.bytes, .optional): if let value = place.load(as: [UInt8]?.self) { blob(value, room) } else { null() }
        case (.raw, _): if let access { value(access.value(at: place), room) }
        default: if let value = field.num(place) { num(value) } else { null() }
        }
    }

    @inline(__always)
    mutating func text(_ value: String, _ room: Int) {
        var value = value
        value.withUTF8 { blob($0, room) }
    }

    private mutating func null() { u8(ValueMark.null) }

    private mutating func blob(_ value: [UInt8], _ room: Int) { value.withUnsafeBufferPointer { blob($0, room) } }

    @inline(__always)
    mutating func blob(_ bytes: UnsafeBufferPointer<UInt8>, _ room: Int) {
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
