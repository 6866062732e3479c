import CSQLite
import Core

extension JobStoreError {
    /// What SQLite says went wrong last on this connection.
    init(_ doing: String, _ connection: OpaquePointer?) {
        let reason = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "out of memory"
        self.init("\(doing): \(reason)")
    }
}
