import CSQLite
import Core

/// One prepared statement, used again and again. Places are counted from 1 when binding, columns from 0.
///
/// `unsafe` because SQLite keeps the statement: it is finalised with this object, before its connection closes.
final class SQLiteStatement {
    private let connection: OpaquePointer
    private var statement: OpaquePointer?

    init(_ sql: String, on connection: OpaquePointer) throws(JobStoreError) {
        self.connection = connection
        guard sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK
        else { throw JobStoreError("the statement '\(sql)'", connection) }
    }

    deinit { sqlite3_finalize(statement) }

    func bind(_ place: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(statement, place, value) } else { sqlite3_bind_null(statement, place) }
    }

    func bind(_ place: Int32, _ value: String?) {
        guard var value else {
            sqlite3_bind_null(statement, place)
            return
        }
        value.withUTF8 { utf8 in
            _ = utf8.withMemoryRebound(to: CChar.self) {
                csqlite_bind_text(statement, place, $0.baseAddress, Int32($0.count))
            }
        }
    }

    func bind(_ place: Int32, _ value: [UInt8]) {
        value.withUnsafeBytes { _ = csqlite_bind_blob(statement, place, $0.baseAddress, Int32($0.count)) }
    }

    /// Runs a statement that answers no rows.
    func run() throws(JobStoreError) {
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw JobStoreError("writing", connection) }
    }

    /// Runs a statement and calls `row` for each row of its answer.
    func rows(_ row: () throws(JobStoreError) -> Void) throws(JobStoreError) {
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try row()
            case SQLITE_DONE: return
            default: throw JobStoreError("reading", connection)
            }
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
    }

    func text(_ column: Int32) -> String? {
        sqlite3_column_text(statement, column).map { String(cString: $0) }
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
