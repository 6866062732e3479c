extension RowLayout {
    /// Appends the values of the fields in `mask`, in field order.
    func encode(_ mask: UInt64, of row: UnsafeRawPointer, into writer: inout ByteWriter) {
        fields.withUnsafeBufferPointer { fields in
            var rest = mask
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                encode(fields[place], place, row, &writer)
            }
        }
    }

    @inline(__always)
    private func encode(_ field: FieldLayout, _ place: Int, _ row: UnsafeRawPointer, _ writer: inout ByteWriter) {
        switch field.kind {
        case .text:
            if field.read(row + field.offset, String.self, { writer.textValue($0) }) == nil { writer.null() }
        case .bytes:
            if field.read(row + field.offset, [UInt8].self, { writer.bytesValue($0) }) == nil { writer.null() }
        case .raw:
            if let access = accesses[place] { writer.value(access.value(at: row + field.offset)) }
        default:
            if let num = field.num(row) { writer.num(num) } else { writer.null() }
        }
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
}
