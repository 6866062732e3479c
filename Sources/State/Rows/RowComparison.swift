extension RowLayout {
    /// A bit for every field whose wire value differs between two rows. No allocation, whatever the fields are.
    @inline(__always)
    func difference(
        _ fields: UnsafeBufferPointer<FieldLayout>, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer
    ) -> UInt64 {
        var mask: UInt64 = 0
        for place in 0..<fields.count where !isEqual(fields[place], place, one, other) {
            mask |= 1 &<< UInt64(truncatingIfNeeded: place)
        }
        return mask
    }

    @inline(__always)
    private func isEqual(
        _ field: FieldLayout, _ place: Int, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer
    ) -> Bool {
        let (left, right) = (one + field.offset, other + field.offset)
        switch (field.kind, field.presence) {
        case (.text, _): return Self.sameBits(left, right, wordCount: 2) || Self.sameText(field, left, right)
        case (.bytes, _): return Self.sameBits(left, right, wordCount: 1) || Self.sameBytes(field, left, right)
        case (.raw, _): return accesses[place]?.isEqual(left, right) ?? true
        case (_, .optional): return field.optionalNum(one) == field.optionalNum(other)
        case (.bool, _), (.int8, _), (.uint8, _): return left.load(as: UInt8.self) == right.load(as: UInt8.self)
        case (.int16, _), (.uint16, _): return left.load(as: UInt16.self) == right.load(as: UInt16.self)
        case (.int32, _), (.uint32, _): return left.load(as: UInt32.self) == right.load(as: UInt32.self)
        case (.int64, _), (.uint64, _): return left.load(as: UInt64.self) == right.load(as: UInt64.self)
        case (.float, _), (.double, _), (.steppedFloat, _), (.steppedDouble, _):
            return field.plainNum(one) == field.plainNum(other)
        }
    }

    /// Whether two references are to one thing: then there is nothing to compare. The first word of a text is part of
    /// its bits, the whole of an array is one word.
    @inline(__always)
    private static func sameBits(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, wordCount: Int) -> Bool {
        for word in 0..<wordCount
        where one.load(fromByteOffset: word * 8, as: UInt64.self) != other.load(fromByteOffset: word * 8, as: UInt64.self) {
            return false
        }
        return true
    }

    private static func sameText(_ field: FieldLayout, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> Bool {
        guard field.presence == .optional else {
            return one.load(as: String.self).utf8.elementsEqual(other.load(as: String.self).utf8)
        }
        return switch (one.load(as: String?.self), other.load(as: String?.self)) {
        case (nil, nil): true
        case (let one?, let other?): one.utf8.elementsEqual(other.utf8)
        default: false
        }
    }

    private static func sameBytes(_ field: FieldLayout, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> Bool {
        switch field.presence {
        case .required: one.load(as: [UInt8].self) == other.load(as: [UInt8].self)
        case .optional: one.load(as: [UInt8]?.self) == other.load(as: [UInt8]?.self)
        }
    }
}
