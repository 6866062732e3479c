import CSQLite
import Core
import State

/// The store on disk: one SQLite file with a write-ahead log, synced at every commit.
///
/// Instants are kept as nanoseconds of the wall clock, so that deadlines mean the same after a reboot. Used by one thread at a
/// time; the file is locked for as long as it is open.
package final class SQLiteJobStore: JobStore {
    private let connection: OpaquePointer
    /// Wall clock less monotonic clock, in nanoseconds.
    private let wallOffset: Int64
    let putJob: SQLiteStatement
    let putJobs: SQLiteStatement
    let removeJob: SQLiteStatement
    let bury: SQLiteStatement
    let unbury: SQLiteStatement
    let putPage: SQLiteStatement
    let putPages: SQLiteStatement
    private let getPage: SQLiteStatement
    private let begin: SQLiteStatement
    private let commit: SQLiteStatement
    private let rollback: SQLiteStatement
    let hasher = ContentHasher()

    /// The layout of the tables that this code writes. Another one is refused, not guessed.
    private static let layout = 1

    /// Opens the file, and makes it if it is not there.
    ///
    /// - Parameters:
    ///   - wallOffset: wall clock less the clock of the queue's instants, in nanoseconds.
    ///   - waitMilliseconds: how long to wait for another process that has the file.
    package init(path: String, wallOffset: Int64, waitMilliseconds: Int32 = 5_000) throws(JobStoreError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let opened else {
            let error = JobStoreError("opening \(path)", opened)
            sqlite3_close_v2(opened)
            throw error
        }
        connection = opened
        self.wallOffset = wallOffset
        do throws(JobStoreError) {
            sqlite3_busy_timeout(opened, waitMilliseconds)
            try Self.prepare(opened)
            putJob = try SQLiteStatement(JobSQL.putJobs(1), on: opened)
            putJobs = try SQLiteStatement(JobSQL.putJobs(JobSQL.rowsTogether), on: opened)
            removeJob = try SQLiteStatement("DELETE FROM jobs WHERE id = ?1", on: opened)
            bury = try SQLiteStatement(JobSQL.bury, on: opened)
            unbury = try SQLiteStatement("DELETE FROM dead_letters WHERE kind = ?1 AND key = ?2", on: opened)
            putPage = try SQLiteStatement(JobSQL.putPages(1), on: opened)
            putPages = try SQLiteStatement(JobSQL.putPages(JobSQL.rowsTogether), on: opened)
            getPage = try SQLiteStatement(
                "SELECT type, epoch, version, content FROM pages WHERE path = ?1", on: opened)
            begin = try SQLiteStatement("BEGIN IMMEDIATE", on: opened)
            commit = try SQLiteStatement("COMMIT", on: opened)
            rollback = try SQLiteStatement("ROLLBACK", on: opened)
        } catch {
            sqlite3_close_v2(opened)
            throw error
        }
    }

    // Statements keep a `close_v2`d connection until they are finalised.
    deinit { sqlite3_close_v2(connection) }

    private static func prepare(_ connection: OpaquePointer) throws(JobStoreError) {
        for sql in JobSQL.settings {
            guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
                throw JobStoreError(sql, connection)
            }
        }
        var found = 0
        try SQLiteStatement("PRAGMA user_version", on: connection).read { found = Int($0.integer(0)) }
        guard found == 0 || found == layout else {
            throw JobStoreError("the file has layout \(found), this hub knows layout \(layout)")
        }
        for sql in JobSQL.tables + ["PRAGMA user_version = \(layout)"] where found == 0 {
            guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
                throw JobStoreError("making the tables", connection)
            }
        }
    }

    // MARK: JobStore

    package func load() throws(JobStoreError) -> JobSnapshot {
        var snapshot = JobSnapshot()
        let jobs = try SQLiteStatement("SELECT \(JobSQL.jobColumns) FROM jobs ORDER BY id", on: connection)
        try jobs.rows { () throws(JobStoreError) in snapshot.records.append(try record(jobs)) }
        let letters = try SQLiteStatement(
            "SELECT \(JobSQL.jobColumns), died FROM dead_letters ORDER BY died, id", on: connection)
        try letters.rows { () throws(JobStoreError) in
            snapshot.deadLetters.append(DeadLetter(record: try record(letters), diedAt: instant(letters.integer(13))))
        }
        return snapshot
    }

    package func apply(_ changes: [JobChange]) throws(JobStoreError) {
        guard !changes.isEmpty else { return }
        try begin.run()
        do throws(JobStoreError) {
            var place = 0
            while place < changes.count { place += try write(changes, at: place) }
            // Nothing else in a transaction depends on its pages.
            try writePages(of: changes)
            try commit.run()
        } catch {
            // An error of its own here would only hide the first.
            try? rollback.run()
            throw error
        }
    }

    package func page(_ path: String) throws(JobStoreError) -> JobPage? {
        getPage.bind(1, path)
        var page: JobPage?
        try getPage.read { row in
            page = JobPage(
                path: path, contentType: row.text(0) ?? "", epoch: Epoch(rawValue: UInt64(bitPattern: row.integer(1))),
                version: Version(rawValue: UInt64(bitPattern: row.integer(2))), content: row.blob(3))
        }
        return page
    }

    // MARK: Rows

    private func record(_ row: SQLiteStatement) throws(JobStoreError) -> JobRecord {
        guard let kind = row.text(1), let key = row.text(2),
            let chosen = DeadlineClass(rawValue: Int(truncatingIfNeeded: row.integer(3))),
            let minimums = JobMinimumCoding.minimums(row.blob(7))
        else { throw JobStoreError("the row of job \(row.integer(0)) makes no sense") }
        return JobRecord(
            id: JobID(rawValue: UInt64(bitPattern: row.integer(0))), address: JobAddress(kind, key),
            deadlineClass: chosen, deadline: instant(row.integer(4)), submittedAt: instant(row.integer(5)),
            payload: row.blob(6), minimums: minimums, attemptCount: Int(row.integer(8)),
            coveredCount: Int(row.integer(9)), lastError: row.text(10),
            absorbedBy: row.optionalInteger(11).map { JobID(rawValue: UInt64(bitPattern: $0)) },
            fence: JobToken(rawValue: UInt64(bitPattern: row.integer(12))))
    }

    func wall(_ instant: Instant) -> Int64 { Int64(bitPattern: instant.nanoseconds) &+ wallOffset }

    /// Never before the clock's beginning, whatever became of the wall clock.
    private func instant(_ wall: Int64) -> Instant {
        Instant(nanoseconds: UInt64(max(0, wall.subtractingReportingOverflow(wallOffset).partialValue)))
    }
}

extension SQLiteStatement {
    /// As `rows`, for readers that cannot fail.
    func read(_ row: (SQLiteStatement) -> Void) throws(JobStoreError) {
        try rows { () throws(JobStoreError) in row(self) }
    }
}
