/// One table as a mirror holds it: rows by key, values by field, no Swift types needed.
public struct MirrorTable: Sendable {
    public let schema: TableSchema
    let number: Int
    let store: MirrorStore

    /// How many rows there are. Goes through all that the mirror holds.
    public var count: Int {
        store.slots.count { $0.standing != .free && Int($0.table) == number }
    }

    /// The keys in order. Sorts each time.
    public var keys: [RowKey] { store.ordered(number).map { store.key($0) } }

    /// The values of a row in field order; nil if there is none.
    public subscript(key: RowKey) -> [FieldValue]? {
        store.slot(number, key).map { Self.values(store.values($0), schema) }
    }

    /// The number of the audience that has a row, 0 for everyone; nil if there is no such row.
    public func audience(of key: RowKey) -> UInt64? { store.slot(number, key).map { UInt64(store.slots[$0].audience) } }

    /// One field of a row; nil if there is no such row or field.
    public subscript(key: RowKey, field: String) -> FieldValue? {
        guard let place = schema.fields.firstIndex(where: { $0.name == field }) else { return nil }
        return self[key]?[place]
    }

    static func values(_ row: ArraySlice<UInt8>, _ schema: TableSchema) -> [FieldValue] {
        row.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            // They were checked when they came, so none is left out here.
            return schema.fields.compactMap { try? reader.value(of: $0) }
        }
    }
}
