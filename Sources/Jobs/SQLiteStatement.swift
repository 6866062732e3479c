import CSQLite
import Core

/// One prepared statement, used again and again. Places are counted from 1 when binding, columns from 0.
///
/// `unsafe` because SQLite keeps the statement: it is finalised with this object, before its connection closes. What is short
/// is bound where it lies, in the statement's own memory, which stays as it is until the statement has run.
final class SQLiteStatement {
    private let connection: OpaquePointer
    @exclusivity(unchecked) private var statement: OpaquePointer?
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    /// Unchecked: nothing that runs while it changes knows the statement.
    @exclusivity(unchecked) private var usedByteCount = 0

    init(_ sql: String, on connection: OpaquePointer) throws(JobStoreError) {
        self.connection = connection
        guard sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK
        else { throw JobStoreError("the statement '\(sql)'", connection) }
    }

    deinit {
        sqlite3_finalize(statement)
        memory.deallocate()
    }

    func bind(_ place: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(statement, place, value) } else { sqlite3_bind_null(statement, place) }
    }

    func bind(_ place: Int32, _ value: String?) {
        if let value { bind(place, value) } else { sqlite3_bind_null(statement, place) }
    }

    func bind(_ place: Int32, _ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            if let own = keep(bytes) {
                sqlite3_bind_text(statement, place, own.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
            } else {
                csqlite_bind_text(statement, place, bytes.baseAddress, Int32(bytes.count))
            }
        }
    }

    func bind(_ place: Int32, _ value: [UInt8]) {
        value.withUnsafeBytes { bytes -> Void in
            if let own = keep(bytes) {
                sqlite3_bind_blob(statement, place, own, Int32(bytes.count), nil)
            } else {
                csqlite_bind_blob(statement, place, bytes.baseAddress, Int32(bytes.count))
            }
        }
    }

    /// Binds the text of so many bytes that `write` makes. It comes before anything that may be long.
    func bind(_ place: Int32, byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        precondition(byteCount <= memory.count - usedByteCount, "no room for a text of \(byteCount) bytes")
        let text = UnsafeMutableRawBufferPointer(rebasing: memory[usedByteCount..<usedByteCount + byteCount])
        usedByteCount += byteCount
        write(text)
        sqlite3_bind_text(
            statement, place, text.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(byteCount), nil)
    }

    /// A copy in the statement's memory, nil if there is no room; then SQLite has to make one.
    private func keep(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
        guard bytes.count <= memory.count - usedByteCount, let start = memory.baseAddress else { return nil }
        let own = start + usedByteCount
        if let from = bytes.baseAddress { own.copyMemory(from: from, byteCount: bytes.count) }
        usedByteCount += bytes.count
        return own
    }

    /// Ready for other values.
    private func reset() {
        sqlite3_reset(statement)
        usedByteCount = 0
    }

    /// Runs a statement that answers no rows.
    func run() throws(JobStoreError) {
        defer { reset() }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw JobStoreError("writing", connection) }
    }

    /// Runs a statement and calls `row` for each row of its answer.
    func rows(_ row: () throws(JobStoreError) -> Void) throws(JobStoreError) {
        defer { reset() }
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
