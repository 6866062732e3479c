extension RowLayout {
    /// A bit for every field whose wire value differs between two rows. No allocation, whatever the fields are.
    func difference(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> UInt64 {
        var mask: UInt64 = 0
        fields.withUnsafeBufferPointer { fields in
            for place in fields.indices where !isEqual(fields[place], place, one, other) { mask |= 1 << UInt64(place) }
        }
        return mask
    }

    @inline(__always)
    private func isEqual(
        _ field: FieldLayout, _ place: Int, _ one: UnsafeRawPointer, _ other: UnsafeRawPointer
    ) -> Bool {
        switch field.kind {
        case .text:
            return Self.sameBits(one, other, field) || Self.text(field, one) == Self.text(field, other)
        case .bytes:
            return Self.sameBits(one, other, field) || Self.bytes(field, one) == Self.bytes(field, other)
        case .raw:
            guard let access = accesses[place] else { return true }
            return access.value(at: one + field.offset) == access.value(at: other + field.offset)
        default:
            return field.num(one) == field.num(other)
        }
    }

    /// Whether two references are to one thing: then there is nothing to compare. The first word of a text is part of
    /// its bits, the whole of an array is one word.
    @inline(__always)
    private static func sameBits(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ field: FieldLayout) -> Bool {
        let wordCount = field.kind == .text ? 2 : 1
        for word in 0..<wordCount {
            let offset = field.offset + word * 8
            guard
                one.load(fromByteOffset: offset, as: UInt64.self) == other.load(fromByteOffset: offset, as: UInt64.self)
            else { return false }
        }
        return true
    }

    private static func text(_ field: FieldLayout, _ row: UnsafeRawPointer) -> TextKey? {
        field.read(row + field.offset, String.self) { TextKey($0) }
    }

    private static func bytes(_ field: FieldLayout, _ row: UnsafeRawPointer) -> [UInt8]? {
        field.read(row + field.offset, [UInt8].self) { $0 }
    }
}
