/// Checks a patch against a schema before anything of it is used.
enum PatchCheck {
    /// What the patch will be applied to.
    enum Ground {
        /// Nothing: every row has to be an insert.
        case nothing
        /// These rows: every set has to find its row.
        case rows([MirrorRows])
    }

    /// Throws unless every row is of a table of `schema`, with keys of its kind, fields it has, all of them in an insert,
    /// values in their types' ranges.
    static func check(_ patch: [UInt8], _ schema: SchemaDescription, on ground: Ground) throws(WireError) {
        try patch.withBytes { (bytes) throws(WireError) in
            var reader = PatchReader(bytes)
            while let row = try reader.next() { try check(row, schema, on: ground) }
        }
    }

    private static func check(_ row: PatchRow, _ schema: SchemaDescription, on ground: Ground) throws(WireError) {
        let table = try table(of: row, schema)
        switch (ground, row.operation) {
        case (_, .insert), (.rows, .remove):
            // A run of removes costs no bytes; its keys are checked by kind alone.
            if case .bytes = row.key { _ = try RowKey(row.key, kind: table.keys) }
        case (.rows(let tables), .set):
            guard tables[row.table].rows[try RowKey(row.key, kind: table.keys)] != nil else {
                throw .invalid("a set of a row that is not there")
            }
        case (.nothing, .remove), (.nothing, .set): throw .invalid("a patch from nothing that does not only insert")
        }
        try values(row, table) { (_, _) throws(WireError) in }
    }

    /// The table that `row` is of, when its key and mask are the table's.
    static func table(of row: PatchRow, _ schema: SchemaDescription) throws(WireError) -> TableSchema {
        guard row.table < schema.tables.count else { throw .invalid("a table that the schema does not have") }
        let table = schema.tables[row.table]
        switch (row.key, table.keys) {
        case (.int, .integer), (.bytes, .text), (.bytes, .session): break
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
