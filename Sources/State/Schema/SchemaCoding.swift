extension SchemaDescription {
    private static let optional: UInt8 = 64
    private static let quantised: UInt8 = 17

    /// The schema's bytes as they stand before a snapshot (docs/WIRE.md, Schema).
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.num(tables.count)
        for table in tables {
            writer.text(table.name)
            writer.u8(table.keys.rawValue)
            writer.num(table.fields.count)
            for field in table.fields {
                writer.text(field.name)
                writer.u8(field.type.code | (field.isOptional ? Self.optional : 0))
                if case .quantised(let step) = field.type { writer.u64(step.bitPattern) }
            }
        }
        return writer.bytes
    }

    /// Reads a schema and leaves the reader behind it. Names that occur twice, unknown types and counts over the
    /// limits are errors.
    package init(_ reader: inout ByteReader) throws(WireError) {
        let count = try reader.count(limit: min(SchemaLimits.tableLimit, reader.remaining), of: "the count of tables")
        var tables: [TableSchema] = []
        var names: Set<TextKey> = []
        for _ in 0..<count {
            let table = try Self.table(&reader)
            guard names.insert(TextKey(table.name)).inserted else { throw .invalid("a table's name that occurs twice") }
            tables.append(table)
        }
        self.tables = tables
    }

    private static func table(_ reader: inout ByteReader) throws(WireError) -> TableSchema {
        let name = try reader.text()
        guard let keys = KeyKind(rawValue: try reader.u8()) else { throw .invalid("a table's kind of key") }
        let limit = min(SchemaLimits.fieldLimit, reader.remaining)
        let count = try reader.count(limit: limit, of: "the count of fields")
        var fields: [FieldDescription] = []
        var names: Set<TextKey> = []
        for _ in 0..<count {
            let field = try field(&reader)
            guard names.insert(TextKey(field.name)).inserted else { throw .invalid("a field's name that occurs twice") }
            fields.append(field)
        }
        return TableSchema(name: name, keys: keys, fields: fields)
    }

    private static func field(_ reader: inout ByteReader) throws(WireError) -> FieldDescription {
        let name = try reader.text()
        let code = try reader.u8()
        let isOptional = code & optional != 0
        if code & ~optional == quantised {
            let step = Double(bitPattern: try reader.u64())
            guard step.isFinite, step > 0 else { throw .invalid("a step") }
            return FieldDescription(name: name, type: .quantised(step: step), isOptional: isOptional)
        }
        guard let type = FieldType(code: code & ~optional) else { throw .invalid("a field's type") }
        return FieldDescription(name: name, type: type, isOptional: isOptional)
    }
}
