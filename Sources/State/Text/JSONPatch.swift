extension Patch {
    /// A patch as the members `"set":{…},"remove":{…}` of a text-mode patch, without the braces around them.
    ///
    /// Both members are always there, tables without rows in them are not. Inserted rows come whole in `set`, removed ones
    /// are named in `remove`; a reader removes first. Keys are strings. Throws if the bytes are not a patch of `schema`.
    package static func jsonMembers(_ patch: [UInt8], _ schema: SchemaDescription) throws(WireError) -> String {
        var set = JSONTables()
        var remove = JSONTables()
        try patch.withBytes { (bytes) throws(WireError) in
            var reader = PatchReader(bytes)
            while let row = try reader.next() {
                let table = try PatchCheck.table(of: row, schema)
                let key = try RowKey(row.key, kind: table.keys)
                if row.operation == .remove {
                    remove.row(row.table, table.name, open: "[", close: "]")
                    remove.json.string(key.description)
                } else {
                    set.row(row.table, table.name, open: "{", close: "}")
                    set.json.string(key.description)
                    try fields(row, table, into: &set.json)
                }
            }
        }
        return "\"set\":{" + set.end() + "},\"remove\":{" + remove.end() + "}"
    }

    private static func fields(_ row: PatchRow, _ table: TableSchema, into json: inout JSONText) throws(WireError) {
        var separator = ":{"
        try PatchCheck.values(row, table) { (place, value) throws(WireError) in
            json.raw(separator)
            separator = ","
            json.string(table.fields[place].name)
            json.raw(":")
            json.value(value, of: table.fields[place].type)
        }
        json.raw(separator == "," ? "}" : ":{}")
    }
}

/// Members named by table, each a list or object of rows.
private struct JSONTables {
    var json = JSONText()
    private var table = -1
    private var close = ""

    /// Begins a row of table `number`, with what separates it from the one before.
    mutating func row(_ number: Int, _ name: String, open: String, close: String) {
        if number == table {
            json.raw(",")
            return
        }
        json.raw(table < 0 ? "" : self.close + ",")
        json.string(name)
        json.raw(":" + open)
        (table, self.close) = (number, close)
    }

    mutating func end() -> String {
        json.raw(close)
        return json.text
    }
}
