// What keeping jobs costs in plain C: the same tables, statements, rows and syncs as the job store, by a connection of the same
// settings, and nothing around them. A page's row has the SHA-256 of its content, as there.
#include "reference_jobs.h"
#include <openssl/evp.h>
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

static int hash(EVP_MD_CTX *context, const void *content, int count, char *text) {
    unsigned char bytes[32];
    if (!EVP_DigestInit_ex(context, NULL, NULL) || !EVP_DigestUpdate(context, content, (size_t)count)) return -1;
    if (!EVP_DigestFinal_ex(context, bytes, NULL)) return -1;
    for (int place = 0; place < 64; place++)
        text[place] = "0123456789abcdef"[bytes[place / 2] >> (place % 2 ? 0 : 4) & 15];
    return 0;
}

static void page(sqlite3_stmt *statement, long id, const char *key, const char *hash, const void *content, int count) {
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, "text/html", 9, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, 1);
    sqlite3_bind_int64(statement, 4, id);
    sqlite3_bind_text(statement, 5, hash, 64, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 6, content, count, SQLITE_STATIC);
}

static sqlite3_stmt *prepare(sqlite3 *file, const char *sql) {
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v3(file, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    return statement;
}

static int step(sqlite3_stmt *statement) {
    int answer = sqlite3_step(statement);
    sqlite3_reset(statement);
    return answer == SQLITE_DONE ? 0 : -1;
}

double reference_jobs(const char *path, int rounds, int group, int page_bytes) {
    sqlite3 *file;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &file, flags, NULL) != SQLITE_OK) return -1;
    if (sqlite3_exec(file, tables, 0, 0, 0) != SQLITE_OK) return -1;
    sqlite3_stmt *begin = prepare(file, "BEGIN IMMEDIATE"), *commit = prepare(file, "COMMIT");
    sqlite3_stmt *insert = prepare(
        file, "INSERT OR REPLACE INTO jobs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
    sqlite3_stmt *remove = prepare(file, "DELETE FROM jobs WHERE id = ?1");
    sqlite3_stmt *keep = prepare(
        file,
        "INSERT INTO pages VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (path) DO UPDATE SET type = excluded.type,"
        " epoch = excluded.epoch, version = excluded.version, hash = excluded.hash, content = excluded.content"
        " WHERE (excluded.epoch, excluded.version) >= (pages.epoch, pages.version)");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) return -1;
    void *content = calloc(1, (size_t)page_bytes + 1);
    char key[64], text[64];
    int failed = 0;
    double start = now();
    for (long round = 0; round <= rounds && !failed; round++) {
        failed |= step(begin);
        for (int place = 0; place < group && round > 0; place++) {
            snprintf(key, sizeof key, "/b/%d", place);
            long id = (round - 1) * group + place + 1;
            failed |= hash(context, content, page_bytes, text);
            page(keep, id, key, text, content, page_bytes);
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
    EVP_MD_CTX_free(context);
    free(content);
    return failed ? -1 : seconds;
}
