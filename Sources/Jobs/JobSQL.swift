/// The store's tables and statements.
enum JobSQL {
    /// One writer that keeps the file: no shared memory, and a sync of the log at each commit.
    static let settings = [
        "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
    ]

    private static let columns = """
        id INTEGER, kind TEXT NOT NULL, key TEXT NOT NULL, class INTEGER NOT NULL, deadline INTEGER NOT NULL,
        submitted INTEGER NOT NULL, payload BLOB NOT NULL, minimums BLOB NOT NULL, attempts INTEGER NOT NULL,
        covered INTEGER NOT NULL, error TEXT, absorbed_by INTEGER, fence INTEGER NOT NULL
        """

    static let tables = [
        "CREATE TABLE jobs (\(columns), PRIMARY KEY (id))",
        "CREATE TABLE dead_letters (\(columns), died INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
        """
        CREATE TABLE pages (path TEXT PRIMARY KEY, type TEXT NOT NULL, epoch INTEGER NOT NULL, version INTEGER NOT NULL,
        hash TEXT NOT NULL, content BLOB NOT NULL)
        """,
    ]

    static let jobColumns =
        "id, kind, key, class, deadline, submitted, payload, minimums, attempts, covered, error, absorbed_by, fence"

    /// How many rows one statement writes, when there are as many: what a statement costs by itself is shared by them.
    static let rowsTogether = 8

    static let (jobColumnCount, pageColumnCount) = (13, 6)

    static func putJobs(_ count: Int) -> String {
        "INSERT OR REPLACE INTO jobs (\(jobColumns)) VALUES \(places(count, jobColumnCount))"
    }

    static let bury = """
        INSERT OR REPLACE INTO dead_letters (\(jobColumns), died)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
        """

    static func putPages(_ count: Int) -> String {
        """
        INSERT INTO pages (path, type, epoch, version, hash, content) VALUES \(places(count, pageColumnCount))
        ON CONFLICT (path) DO UPDATE SET type = excluded.type, epoch = excluded.epoch, version = excluded.version,
        hash = excluded.hash, content = excluded.content
        WHERE (excluded.epoch, excluded.version) >= (pages.epoch, pages.version)
        """
    }

    /// Places for so many rows, numbered on from row to row.
    private static func places(_ rowCount: Int, _ columnCount: Int) -> String {
        let row = "(" + Array(repeating: "?", count: columnCount).joined(separator: ", ") + ")"
        return Array(repeating: row, count: rowCount).joined(separator: ", ")
    }
}
