extension ChannelMirror {
    /// The table called `name` as rows of the application's own type; empty if the sender has no such table or its keys
    /// are of another kind.
    ///
    /// Fields are matched by name: those that `R` does not know are ignored, those that the sender does not have keep
    /// their defaults, and so does one whose value `R`'s property does not hold.
    public func table<K: MirrorKey, R: Row>(_ name: String, key: K.Type = K.self, row: R.Type = R.self) -> [K: R] {
        guard let table = table(name), let decoder = RowDecoder<R>(table.schema) else { return [:] }
        var rows: [K: R] = [:]
        for slot in table.store.ordered(table.number) {
            guard let key = K(table.store.key(slot)) else { continue }
            rows[key] = decoder.row(table.store.values(slot))
        }
        return rows
    }

    /// One row of the table called `name`, under the same rules; nil if there is none.
    public func row<K: MirrorKey, R: Row>(_ name: String, _ key: K, as: R.Type = R.self) -> R? {
        guard let table = table(name), let decoder = RowDecoder<R>(table.schema) else { return nil }
        return table.store.slot(table.number, key.rowKey).map { decoder.row(table.store.values($0)) }
    }
}

extension Table {
    /// What a mirror of this table's own state holds of it. Sessions are known by their numbers there; a row of one that has
    /// none any more is left out.
    package func rows(in mirror: ChannelMirror) -> [K: R] {
        guard let table = mirror.table(name), let decoder = RowDecoder<R>(table.schema) else { return [:] }
        let plain = K.self as? any MirrorKey.Type
        let sessions = plain == nil ? storage.keysByRowKey : [:]
        var rows: [K: R] = [:]
        for slot in table.store.ordered(table.number) {
            let rowKey = table.store.key(slot)
            guard let key = plain?.init(rowKey) as? K ?? sessions[rowKey] else { continue }
            rows[key] = decoder.row(table.store.values(slot))
        }
        return rows
    }
}

/// Makes rows of type `R` from the values of a table with any schema.
struct RowDecoder<R: Row> {
    private let schema: TableSchema
    private let layout: RowLayout
    /// For each of the sender's fields, the place of `R`'s field of that name.
    private let places: [Int?]

    /// Nil if one of `R`'s own fields cannot work.
    init?(_ schema: TableSchema) {
        let ownSchema = R.schema
        guard ownSchema.layout.fields.count == ownSchema.fields.count else { return nil }
        self.schema = schema
        layout = ownSchema.layout
        let own = ownSchema.descriptions
        places = schema.fields.map { field in
            own.firstIndex { $0.name.utf8.elementsEqual(field.name.utf8) }
        }
    }

    func row(_ values: ArraySlice<UInt8>) -> R {
        var row = R()
        withUnsafeMutablePointer(to: &row) { pointer in
            for (place, value) in zip(places, MirrorTable.values(values, schema)) {
                if let place { layout.store(value, field: place, row: UnsafeMutableRawPointer(pointer)) }
            }
        }
        return row
    }
}
