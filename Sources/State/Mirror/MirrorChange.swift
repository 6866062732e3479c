/// One row that a commit changed, for those who want to be told. It says what differs; the values are in the mirror.
public struct MirrorChange: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case added
        /// A bit for every field that differs.
        case changed(mask: UInt64)
        case removed
    }

    /// The table's place in the schema.
    public let table: Int
    public let key: RowKey
    public let kind: Kind

    package init(table: Int, key: RowKey, kind: Kind) {
        self.table = table
        self.key = key
        self.kind = kind
    }
}

extension TableSchema {
    /// The names of the fields whose bits are in `mask`, in field order.
    public func fieldNames(in mask: UInt64) -> [String] {
        fields.indices.filter { mask & (1 << UInt64($0)) != 0 }.map { fields[$0].name }
    }
}
