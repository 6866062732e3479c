/// One table as a mirror holds it: rows by key, values by field, no Swift types needed.
public struct MirrorTable: Sendable {
    public let schema: TableSchema
    let rows: MirrorRows

    public var count: Int { rows.rows.count }

    /// The keys in order. Sorts each time.
    public var keys: [RowKey] { rows.rows.keys.sorted() }

    /// The values of a row in field order; nil if there is none.
    public subscript(key: RowKey) -> [FieldValue]? {
        rows.rows[key].map { Self.values($0, schema) }
    }

    /// One field of a row; nil if there is no such row or field.
    public subscript(key: RowKey, field: String) -> FieldValue? {
        guard let place = schema.fields.firstIndex(where: { $0.name == field }) else { return nil }
        return self[key]?[place]
    }

    static func values(_ row: [UInt8], _ schema: TableSchema) -> [FieldValue] {
        row.withBytes { bytes in
            var reader = ByteReader(bytes)
            // They were checked when they came, so none is left out here.
            return schema.fields.compactMap { try? reader.value(of: $0) }
        }
    }
}
