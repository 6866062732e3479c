/// A schema as it travels: the tables in order, each with its name, its kind of key and its fields.
///
/// A mirror needs nothing else to understand patches. Made by `State`, or read from the bytes before a snapshot.
public struct SchemaDescription: Equatable, Sendable {
    public let tables: [TableSchema]

    package init(tables: [TableSchema]) { self.tables = tables }

    /// The place of the table called `name`; nil if there is none.
    public func tableIndex(_ name: String) -> Int? {
        tables.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }
}

/// One table of a schema. Its number on the wire is its place in the schema.
public struct TableSchema: Equatable, Sendable {
    public let name: String
    public let keys: KeyKind
    public let fields: [FieldDescription]

    package init(name: String, keys: KeyKind, fields: [FieldDescription]) {
        self.name = name
        self.keys = keys
        self.fields = fields
    }

    /// The mask that an insert has: a bit for every field.
    package var fullMask: UInt64 { fields.count == 64 ? .max : (1 << UInt64(fields.count)) - 1 }
}

/// One field of a table: bit *i* of a mask stands for the field at place *i*.
public struct FieldDescription: Equatable, Sendable {
    public let name: String
    public let type: FieldType
    public let isOptional: Bool

    package init(name: String, type: FieldType, isOptional: Bool) {
        self.name = name
        self.type = type
        self.isOptional = isOptional
    }
}

/// What a schema may hold. A decoder refuses more before it allocates; a declaration over them is refused at start.
public enum SchemaLimits {
    /// A mask is 64 bits.
    public static let fieldLimit = 64
    /// Tables of one channel; each costs a few words in every mirror.
    public static let tableLimit = 1024
}
