/// A channel's state: tables of rows, declared once, in order.
///
/// The application writes through the handles that `table` answers. The core closes it at the end of every tick, which
/// gives the tick's patch. The tables are shared by reference: a copy of a `State` is the same state.
public struct State {
    /// The first table that cannot work, if any. A back refuses to start a channel with one.
    public private(set) var problem: SchemaError?

    private var tables: [any ClosableTable] = []
    private var writer = PatchWriter()

    public init() {}

    /// Declares the next table. The name is the clients' name for it. A table that cannot work (its name is taken, its
    /// row's schema is wrong) leaves its error in `problem` and answers a handle to a table that is never sent.
    public mutating func table<K: TableKey, R: Row>(
        _ name: String, key: K.Type = K.self, row: R.Type = R.self
    ) -> Table<K, R> {
        let problem = problem(of: name) ?? R.schema.problem
        if let problem {
            if self.problem == nil { self.problem = SchemaError(table: name, problem: problem) }
            return Table(storage: TableStorage(name: name, layout: RowLayout(), fields: []))
        }
        let schema = R.schema
        let storage = TableStorage<K, R>(name: name, layout: RowLayout(schema), fields: schema.descriptions)
        tables.append(storage)
        return Table(storage: storage)
    }

    private func problem(of name: String) -> SchemaError.Problem? {
        let key = TextKey(name)
        if tables.contains(where: { TextKey($0.schema.name) == key }) { return .nameTaken }
        let limit = SchemaLimits.tableLimit
        return tables.count < limit ? nil : .tooManyTables(limit: limit)
    }
}

// What the core calls. The shadow moves in `close` and nowhere else.
extension State {
    /// Ends a tick: the canonical patch of what really changed since the last close, nil if nothing did.
    ///
    /// Everything is for everyone now; with audiences this answers one patch for each that changed, and the hash of each.
    package mutating func close() -> [UInt8]? {
        for (number, table) in tables.enumerated() { table.close(number: number, into: &writer) }
        return writer.isEmpty ? nil : writer.finish()
    }

    /// The closed state as a patch from nothing; equal states answer equal bytes. The schema is not included.
    package mutating func snapshot() -> [UInt8] {
        for (number, table) in tables.enumerated() { table.snapshot(number: number, into: &writer) }
        return writer.finish()
    }

    /// The tables' names, kinds of keys and fields.
    package var schema: SchemaDescription { SchemaDescription(tables: tables.map(\.schema)) }

    /// `schema` as it stands before a snapshot.
    package var schemaBytes: [UInt8] { schema.encoded }
}
