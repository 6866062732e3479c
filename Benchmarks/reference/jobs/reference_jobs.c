// What keeping jobs costs in plain C: the same tables, statements and syncs as the job store, and nothing around them.
#include "reference_jobs.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const char *tables =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE jobs (id INTEGER, kind TEXT NOT NULL, key TEXT NOT NULL, class INTEGER NOT NULL, deadline INTEGER NOT NULL,"
    " submitted INTEGER NOT NULL, payload BLOB NOT NULL, minimums BLOB NOT NULL, attempts INTEGER NOT NULL,"
    " covered INTEGER NOT NULL, error TEXT, absorbed_by INTEGER, fence INTEGER NOT NULL, PRIMARY KEY (id));"
    "CREATE TABLE pages (path TEXT PRIMARY KEY, type TEXT NOT NULL, epoch INTEGER NOT NULL, version INTEGER NOT NULL,"
    " hash TEXT NOT NULL, content BLOB NOT NULL);";

static void put(sqlite3_stmt *statement, long id, const char *key) {
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, "page", 4, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, key, -1, SQLITE_STATIC);
    for (int place = 4; place <= 6; place++) sqlite3_bind_int64(statement, place, id);
    sqlite3_bind_zeroblob(statement, 7, 0);
    sqlite3_bind_blob(statement, 8, "", 1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 9, 0);
    sqlite3_bind_int64(statement, 10, 0);
    sqlite3_bind_null(statement, 11);
    sqlite3_bind_null(statement, 12);
    sqlite3_bind_int64(statement, 13, 0);
}

static void page(sqlite3_stmt *statement, long id, const char *key, const void *content, int count) {
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, "text/html", 9, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, 1);
    sqlite3_bind_int64(statement, 4, id);
    sqlite3_bind_text(statement, 5, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 64, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 6, content, count, SQLITE_STATIC);
}

static int step(sqlite3_stmt *statement) {
    int answer = sqlite3_step(statement);
    sqlite3_reset(statement);
    return answer == SQLITE_DONE ? 0 : -1;
}

double reference_jobs(const char *path, int rounds, int group, int page_bytes) {
    sqlite3 *file;
    if (sqlite3_open(path, &file) != SQLITE_OK || sqlite3_exec(file, tables, 0, 0, 0) != SQLITE_OK) return -1;
    sqlite3_stmt *begin, *commit, *insert, *remove, *keep;
    sqlite3_prepare_v2(file, "BEGIN IMMEDIATE", -1, &begin, 0);
    sqlite3_prepare_v2(file, "COMMIT", -1, &commit, 0);
    sqlite3_prepare_v2(
        file, "INSERT OR REPLACE INTO jobs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", -1, &insert, 0);
    sqlite3_prepare_v2(file, "DELETE FROM jobs WHERE id = ?1", -1, &remove, 0);
    sqlite3_prepare_v2(
        file,
        "INSERT INTO pages VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (path) DO UPDATE SET type = excluded.type,"
        " epoch = excluded.epoch, version = excluded.version, hash = excluded.hash, content = excluded.content"
        " WHERE (excluded.epoch, excluded.version) >= (pages.epoch, pages.version)", -1, &keep, 0);
    void *content = calloc(1, (size_t)page_bytes + 1);
    char key[64];
    int failed = 0;
    double start = now();
    for (long round = 0; round <= rounds && !failed; round++) {
        failed |= step(begin);
        for (int place = 0; place < group && round > 0; place++) {
            snprintf(key, sizeof key, "/b/%d", place);
            long id = (round - 1) * group + place + 1;
            page(keep, id, key, content, page_bytes);
            failed |= step(keep);
            sqlite3_bind_int64(remove, 1, id);
            failed |= step(remove);
        }
        for (int place = 0; place < group && round < rounds; place++) {
            snprintf(key, sizeof key, "/b/%d", place);
            put(insert, round * group + place + 1, key);
            failed |= step(insert);
        }
        failed |= step(commit);
    }
    double seconds = now() - start;
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    sqlite3_finalize(remove);
    sqlite3_finalize(keep);
    sqlite3_close(file);
    free(content);
    return failed ? -1 : seconds;
}
