/// Reads rows of a patch by a schema, one at a time, for those who want their values.
enum PatchCheck {
    /// The table that `row` is of, when its key and mask are the table's.
    static func table(of row: PatchRow, _ schema: SchemaDescription) throws(WireError) -> TableSchema {
        guard row.table < schema.tables.count else { throw .invalid("a table that the schema does not have") }
        let table = schema.tables[row.table]
        switch (row.key, table.keys) {
        case (.int, .integer), (.int, .session), (.bytes, .text): break
        default: throw .invalid("a key of another kind than its table's")
        }
        guard row.mask & ~table.fullMask == 0 else { throw .invalid("a field that the schema does not have") }
        guard row.operation != .insert || row.mask == table.fullMask else {
            throw .invalid("an insert without all its fields")
        }
        return table
    }

    /// Calls `body` with each field's place and value.
    static func values(
        _ row: PatchRow, _ table: TableSchema, _ body: (Int, FieldValue) throws(WireError) -> Void
    ) throws(WireError) {
        var reader = ByteReader(row.values)
        var rest = row.mask
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest - 1
            try body(place, try reader.value(of: table.fields[place]))
        }
    }
}
