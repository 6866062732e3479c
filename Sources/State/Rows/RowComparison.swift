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
        switch field.comparison {
        case .word8: return left.load(as: UInt8.self) == right.load(as: UInt8.self)
        case .word16: return left.load(as: UInt16.self) == right.load(as: UInt16.self)
        case .word32: return left.load(as: UInt32.self) == right.load(as: UInt32.self)
        case .word64: return left.load(as: UInt64.self) == right.load(as: UInt64.self)
        case .text:
            return Self.sameWord(left, right, 0) && Self.sameWord(left, right, 8)
                || Self.sameText(field, left, right)
        case .rare: return isRareEqual(field, place, one, other)
        }
    }

    @inline(never)
    private func isRareEqual(
        _ field: FieldLayout, _ place: Int, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer
    ) -> Bool {
        let (left, right) = (one + field.offset, other + field.offset)
        switch (field.kind, field.presence) {
        case (.text, _): return Self.sameText(field, left, right)
        case (.bytes, _): return Self.sameWord(left, right, 0) || Self.sameBytes(field, left, right)
        case (.raw, _): return accesses[place]?.isEqual(left, right) ?? true
        case (_, .optional): return field.optionalNum(one) == field.optionalNum(other)
        default: return field.plainNum(one) == field.plainNum(other)
        }
    }

    /// Where two references are to one thing there is nothing to compare. A short text is its own two words, an array is
    /// one.
    @inline(__always)
    private static func sameWord(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ offset: Int) -> Bool {
        one.load(fromByteOffset: offset, as: UInt64.self) == other.load(fromByteOffset: offset, as: UInt64.self)
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
