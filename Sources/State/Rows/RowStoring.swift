extension RowLayout {
    /// Puts `value` into the field at `place`. What the field's type does not hold leaves it as it is: a reader whose
    /// schema is older or newer keeps its defaults.
    func store(_ value: FieldValue, field place: Int, row: UnsafeMutableRawPointer) {
        let field = fields[place]
        let memory = row + field.offset
        switch field.kind {
        case .bool: put(value, Bool.self, field, memory)
        case .int8: put(value, Int8.self, field, memory)
        case .int16: put(value, Int16.self, field, memory)
        case .int32: put(value, Int32.self, field, memory)
        case .int64: put(value, Int64.self, field, memory)
        case .uint8: put(value, UInt8.self, field, memory)
        case .uint16: put(value, UInt16.self, field, memory)
        case .uint32: put(value, UInt32.self, field, memory)
        case .uint64: put(value, UInt64.self, field, memory)
        case .float, .steppedFloat: put(value, Float.self, field, memory)
        case .double, .steppedDouble: put(value, Double.self, field, memory)
        case .text: put(value, String.self, field, memory)
        case .bytes: put(value, [UInt8].self, field, memory)
        case .raw: accesses[place]?.store(value, at: memory)
        }
    }

    private func put<V: FieldRepresentable>(
        _ value: FieldValue, _: V.Type, _ field: FieldLayout, _ memory: UnsafeMutableRawPointer
    ) {
        switch field.presence {
        case .required:
            guard let value = V(fieldValue: value) else { return }
            memory.assumingMemoryBound(to: V.self).pointee = value
        case .optional:
            if value == .null {
                memory.assumingMemoryBound(to: V?.self).pointee = nil
            } else if let value = V(fieldValue: value) {
                memory.assumingMemoryBound(to: V?.self).pointee = value
            }
        }
    }
}
