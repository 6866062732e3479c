// SQLite, for the store of page jobs. Swift cannot see SQLITE_TRANSIENT, which is a cast.
#pragma once
#include <sqlite3.h>

/// Binds a copy of the bytes as text.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int place, const void *bytes, int count) {
    return sqlite3_bind_text(statement, place, bytes, count, SQLITE_TRANSIENT);
}

/// Binds a copy of the bytes as a blob; one of no bytes is a blob, not null.
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int place, const void *bytes, int count) {
    return count == 0 ? sqlite3_bind_zeroblob(statement, place, 0)
                      : sqlite3_bind_blob(statement, place, bytes, count, SQLITE_TRANSIENT);
}
