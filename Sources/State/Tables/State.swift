/// A channel's state: tables of rows, declared once, in order.
///
/// The application writes through the handles that `table` answers. The core closes it at the end of every tick, which
/// gives the tick's patch. The tables are shared by reference: a copy of a `State` is the same state.
public struct State {
    /// The first table that cannot work, if any. A back refuses to start a channel with one.
    public private(set) var problem: SchemaError?

    /// The audiences that rows may be for; a rule keeps a copy to ask at any time.
    public let audiences = Audiences()

    private var tables: [any ClosableTable] = []
    private let closing = Closing()
    private let sessions = SessionBook()

    public init() {}

    /// Declares the next table. The name is the clients' name for it. A table that cannot work (its name is taken, its
    /// row's schema is wrong) leaves its error in `problem` and answers a handle to a table that is never sent.
    public mutating func table<K: TableKey, R: Row>(
        _ name: String, key: K.Type = K.self, row: R.Type = R.self
    ) -> Table<K, R> {
        let schema = R.schema
        let problem = problem(of: name) ?? schema.problem
        if let problem {
            if self.problem == nil { self.problem = SchemaError(table: name, problem: problem) }
            return Table(
                storage: TableStorage(
                    name: name, number: 0, layout: RowLayout(), fields: [], sessions: sessions))
        }
        let storage = TableStorage<K, R>(
            name: name, number: tables.count, layout: schema.layout, fields: schema.descriptions,
            sessions: sessions)
        tables.append(storage)
        return Table(storage: storage)
    }

    /// The audience called `name`; short for `audiences[name]`. `tick.enter` puts sessions into it.
    public func audience(_ name: String) -> Audience { audiences[name] }

    /// One session's own audience; short for `audiences[of: session]`. The session is in it without entering.
    public func audience(of session: SessionID) -> Audience { audiences[of: session] }

    private func problem(of name: String) -> SchemaError.Problem? {
        let key = TextKey(name)
        if tables.contains(where: { TextKey($0.schema.name) == key }) { return .nameTaken }
        let limit = SchemaLimits.tableLimit
        return tables.count < limit ? nil : .tooManyTables(limit: limit)
    }
}

// What the core calls. The shadow moves in `closeAudiences` and nowhere else.
extension State {
    /// Ends a tick: what each audience is owed that really changed since the last close, in ascending order; empty if
    /// nothing did.
    ///
    /// A row that moved is removed in one and inserted whole in the other. Rows for nobody yield nothing. Each row is
    /// encoded once; the cost is that of the rows that were written.
    package mutating func closeAudiences() -> [AudienceChange] { closing.close(tables, audiences.book) }

    /// `closeAudiences`, for callers that know only everyone: the patch of that audience, nil if it did not change.
    package mutating func close() -> [UInt8]? {
        closeAudiences().first { $0.audience == .everyone }?.patch
    }

    /// The closed rows of one audience as a patch from nothing; equal states answer equal bytes. The schema is not
    /// included. Goes through all rows.
    package func snapshot(of audience: Audience = .everyone) -> [UInt8] { closing.snapshot(tables, of: audience) }

    /// `snapshot(of:)` for each of these, which differ from one another, in one pass through all rows.
    package func snapshots(of audiences: [Audience]) -> [[UInt8]] { closing.snapshots(tables, of: audiences) }

    /// The hash of the closed rows of one audience. Of nobody's rows none is kept.
    package func hash(of audience: Audience = .everyone) -> StateHash { audiences.book.hash(of: audience) }

    /// The own audiences of sessions that were asked for since the last call, in that order.
    package func takeNamedSessions() -> [(session: SessionID, audience: Audience)] {
        audiences.book.takeNamedSessions()
    }

    /// A session's own audience, if it was asked for before.
    package func knownAudience(of session: SessionID) -> Audience? { audiences.book.known(.session(session)) }

    /// Forgets the name of a session's own audience, when the session is gone for good. Rows that are still for it stay
    /// so; its number is not given again.
    package func forgetAudience(of session: SessionID) { audiences.book.forget(.session(session)) }

    /// The number that clients know a session by, for as long as it is held or a row is keyed by it; nil if it has none.
    package func number(of session: SessionID) -> SessionNumber? { sessions.number(of: session) }

    /// As `number(of:)`, of a session that is here now: it keeps the number until `release`.
    @discardableResult
    package func hold(_ session: SessionID) -> SessionNumber { sessions.hold(session) }

    /// The session is gone for good.
    package func release(_ session: SessionID) { sessions.release(session) }

    /// The tables' names, kinds of keys and fields.
    package var schema: SchemaDescription { SchemaDescription(tables: tables.map(\.schema)) }

    /// `schema` as it stands before a snapshot.
    package var schemaBytes: [UInt8] { schema.encoded }
}
