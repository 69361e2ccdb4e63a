/* index.c - see index.h; the only file that knows SQLite.
 *
 * One connection, one statement at a time, each prepared where it is used: an entry is used a few times in a minute.
 * With a write-ahead log readers never wait, and whoever writes waits for the other writers, for WAIT_MILLISECONDS at
 * most. A log that is not brought to the disk at once (synchronous = NORMAL) may lose the last entries in a power cut,
 * and never its consistency: they are computed again. Of the database at most 256 KiB are kept in memory (cache_size):
 * SQLite's 2 MiB would be filled in the course of some 700 tracks, and bring nothing here. */
#include "tracks/cache/index.h"

#include "base/alloc.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MILLISECONDS = 60000, SCHEMA = 2 };

struct dmx_index {
    pthread_mutex_t lock;
    sqlite3 *database;
    char *path;
};

/* Rows of entries are too long for a table WITHOUT ROWID, which would give each a page of its own. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS entries(key TEXT PRIMARY KEY, folder TEXT NOT NULL UNIQUE, settings TEXT NOT NULL,"
    " facts TEXT NOT NULL, input TEXT NOT NULL, created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL,"
    " seconds REAL NOT NULL, hits INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS entries_used ON entries(used_ms);"
    "CREATE TABLE IF NOT EXISTS files(folder TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY(folder, number)) WITHOUT ROWID;";

/* ---- failures ---- */

static bool failed(const dmx_index *self, demucs_error *error)
{
    const int code = sqlite3_errcode(self->database) & 0xFF;
    if (code == SQLITE_NOMEM)
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to look into the index of the cache");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_OK || code == SQLITE_DONE ||
        code == SQLITE_ROW)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT,
                           "the index of the cache is damaged; clear the cache ('demucs-cache clear')");
    return !dmx_refuse(self->path, error, DEMUCS_ERROR_IO, "cannot use the index of the cache: %s",
                       sqlite3_errmsg(self->database));
}

/* ---- statements ---- */

static sqlite3_stmt *prepare(dmx_index *self, const char *sql, demucs_error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(self->database, sql, -1, &statement, NULL) == SQLITE_OK) return statement;
    failed(self, error);
    return NULL;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Run a statement that gives no rows, and end it. */
static bool finish(dmx_index *self, sqlite3_stmt *statement, demucs_error *error)
{
    if (statement == NULL) return false;
    const bool done = sqlite3_step(statement) == SQLITE_DONE || failed(self, error);
    sqlite3_finalize(statement);
    return done;
}

static bool run(dmx_index *self, const char *sql, demucs_error *error)
{
    return sqlite3_exec(self->database, sql, NULL, NULL, NULL) == SQLITE_OK || failed(self, error);
}

/* End a transaction that was begun: all of it or nothing. */
static bool end(dmx_index *self, bool done, demucs_error *error)
{
    done = done && run(self, "COMMIT", error);
    if (!done) sqlite3_exec(self->database, "ROLLBACK", NULL, NULL, NULL);
    return done;
}

/* The one number that a statement gives. */
static bool number(dmx_index *self, sqlite3_stmt *statement, int64_t *value, demucs_error *error)
{
    if (statement == NULL) return false;
    const bool done = sqlite3_step(statement) == SQLITE_ROW || failed(self, error);
    if (done) *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return done;
}

/* ---- opening ---- */

static bool set_up(dmx_index *self, demucs_error *error)
{
    int64_t version = 0;
    sqlite3_busy_timeout(self->database, WAIT_MILLISECONDS);
    if (!run(self, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;", error) ||
        !number(self, prepare(self, "PRAGMA user_version", error), &version, error))
        return false;
    if (version != 0 && version != SCHEMA)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "this cache is that of another version of the program; use another folder");
    if (version == SCHEMA) return true;
    return run(self, "BEGIN IMMEDIATE", error) &&
           end(self, run(self, schema, error) && run(self, "PRAGMA user_version = 2", error), error);
}

dmx_index *dmx_index_open(const char *path, demucs_error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
#ifdef SQLITE_OPEN_NOFOLLOW
    flags |= SQLITE_OPEN_NOFOLLOW;
#endif
    dmx_index *self = dmx_alloc(1, sizeof *self);
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        dmx_free(self);
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to open the cache");
        return NULL;
    }
    self->path = dmx_strdup(path);
    if (self->path == NULL)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to open the cache");
    else if (sqlite3_open_v2(path, &self->database, flags, NULL) != SQLITE_OK)
        failed(self, error);
    else if (set_up(self, error))
        return self;
    dmx_index_free(self);
    return NULL;
}

void dmx_index_free(dmx_index *self)
{
    if (self == NULL) return;
    sqlite3_close(self->database);
    pthread_mutex_destroy(&self->lock);
    dmx_free(self->path);
    dmx_free(self);
}

/* ---- reading ---- */

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? text : "";
}

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read the index of the cache");
}

#define COLUMNS "key, folder, settings, facts, input, created_ms, used_ms, seconds, hits, bytes"

static dmx_index_entry *entry_of(sqlite3_stmt *row, size_t files)
{
    dmx_index_entry *entry = dmx_index_entry_new(files);
    if (entry == NULL) return NULL;
    snprintf(entry->key, sizeof entry->key, "%s", text_at(row, 0));
    snprintf(entry->folder, sizeof entry->folder, "%s", text_at(row, 1));
    entry->settings = dmx_strdup(text_at(row, 2));
    entry->facts = dmx_strdup(text_at(row, 3));
    entry->input = dmx_strdup(text_at(row, 4));
    entry->created_ms = sqlite3_column_int64(row, 5);
    entry->used_ms = sqlite3_column_int64(row, 6);
    entry->seconds = sqlite3_column_double(row, 7);
    entry->hits = (uint64_t)sqlite3_column_int64(row, 8);
    entry->bytes = (uint64_t)sqlite3_column_int64(row, 9);
    if (entry->settings != NULL && entry->facts != NULL && entry->input != NULL) return entry;
    dmx_index_entry_free(entry);
    return NULL;
}

static bool read_files(dmx_index *self, dmx_index_entry *entry, demucs_error *error)
{
    int code = SQLITE_DONE;
    sqlite3_stmt *rows = prepare(self, "SELECT name, bytes, sha256 FROM files WHERE folder = ? ORDER BY number", error);
    if (rows == NULL) return false;
    bind_text(rows, 1, entry->folder);
    for (size_t i = 0; i < entry->files_count && (code = sqlite3_step(rows)) == SQLITE_ROW; i++) {
        dmx_index_file *file = &entry->files[i];
        file->name = dmx_strdup(text_at(rows, 0));
        file->bytes = (uint64_t)sqlite3_column_int64(rows, 1);
        snprintf(file->sha256, sizeof file->sha256, "%s", text_at(rows, 2));
        if (file->name == NULL) code = SQLITE_NOMEM;
    }
    const bool done = code == SQLITE_ROW || (code == SQLITE_NOMEM ? no_memory(error) : failed(self, error));
    sqlite3_finalize(rows);
    return done;
}

/* The entry that a statement gives, with COLUMNS and then its number of files, or NULL. */
static bool take_entry(dmx_index *self, sqlite3_stmt *row, dmx_index_entry **entry, demucs_error *error)
{
    *entry = NULL;
    if (row == NULL) return false;
    const int code = sqlite3_step(row);
    bool done = code == SQLITE_DONE || code == SQLITE_ROW || failed(self, error);
    if (code == SQLITE_ROW) {
        *entry = entry_of(row, (size_t)sqlite3_column_int64(row, 10));
        done = *entry != NULL || no_memory(error);
    }
    sqlite3_finalize(row);
    if (done && *entry != NULL && (*entry)->files_count > 0) done = read_files(self, *entry, error);
    if (done) return true;
    dmx_index_entry_free(*entry);
    *entry = NULL;
    return false;
}

bool dmx_index_find(dmx_index *self, const char *key, dmx_index_entry **entry, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    bool done = run(self, "BEGIN", error); /* or another process may remove the files between the two statements */
    sqlite3_stmt *row = !done ? NULL
                              : prepare(self,
                                        "SELECT " COLUMNS ", (SELECT count(*) FROM files WHERE files.folder ="
                                        " entries.folder) FROM entries WHERE key = ?",
                                        error);
    if (row != NULL) bind_text(row, 1, key);
    *entry = NULL;
    done = end(self, done && take_entry(self, row, entry, error), error);
    if (!done) {
        dmx_index_entry_free(*entry);
        *entry = NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool dmx_index_oldest(dmx_index *self, int64_t used_before_ms, dmx_index_entry **entry, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    sqlite3_stmt *row =
        prepare(self, "SELECT " COLUMNS ", 0 FROM entries WHERE used_ms < ? ORDER BY used_ms, key LIMIT 1", error);
    if (row != NULL) sqlite3_bind_int64(row, 1, used_before_ms);
    const bool done = take_entry(self, row, entry, error);
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool dmx_index_keys(dmx_index *self, const char *prefix, char (**keys)[DMX_KEY_TEXT], size_t *count,
                    demucs_error *error)
{
    size_t capacity = 0;
    int code = SQLITE_DONE;
    *keys = NULL;
    *count = 0;
    pthread_mutex_lock(&self->lock);
    sqlite3_stmt *rows = prepare(
        self, "SELECT key FROM entries WHERE substr(key, 1, length(?1)) = ?1 ORDER BY used_ms DESC, key", error);
    if (rows != NULL) bind_text(rows, 1, prefix);
    while (rows != NULL && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        void *grown = dmx_make_room(*keys, *count, &capacity, sizeof **keys);
        if (grown == NULL) break;
        *keys = grown;
        snprintf((*keys)[(*count)++], sizeof **keys, "%s", text_at(rows, 0));
    }
    const bool done =
        rows != NULL && (code == SQLITE_DONE || (code == SQLITE_ROW ? no_memory(error) : failed(self, error)));
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&self->lock);
    if (done) return true;
    dmx_free(*keys);
    *keys = NULL;
    return false;
}

bool dmx_index_has_folder(dmx_index *self, const char *folder, bool *has, demucs_error *error)
{
    int64_t count = 0;
    pthread_mutex_lock(&self->lock);
    sqlite3_stmt *row = prepare(self, "SELECT count(*) FROM entries WHERE folder = ?", error);
    if (row != NULL) bind_text(row, 1, folder);
    const bool done = number(self, row, &count, error);
    pthread_mutex_unlock(&self->lock);
    *has = count > 0;
    return done;
}

bool dmx_index_total(dmx_index *self, uint64_t *entries, uint64_t *bytes, demucs_error *error)
{
    int64_t count = 0, sum = 0;
    pthread_mutex_lock(&self->lock);
    const bool done = number(self, prepare(self, "SELECT count(*) FROM entries", error), &count, error) &&
                      number(self, prepare(self, "SELECT coalesce(sum(bytes), 0) FROM entries", error), &sum, error);
    pthread_mutex_unlock(&self->lock);
    *entries = (uint64_t)count;
    *bytes = (uint64_t)sum;
    return done;
}

/* ---- writing ---- */

static bool remove_row(dmx_index *self, const char *where, const char *value, demucs_error *error)
{
    char sql[160];
    snprintf(sql, sizeof sql, "DELETE FROM files WHERE folder IN (SELECT folder FROM entries WHERE %s = ?)", where);
    sqlite3_stmt *statement = prepare(self, sql, error);
    if (statement != NULL) bind_text(statement, 1, value);
    if (!finish(self, statement, error)) return false;
    snprintf(sql, sizeof sql, "DELETE FROM entries WHERE %s = ?", where);
    statement = prepare(self, sql, error);
    if (statement != NULL) bind_text(statement, 1, value);
    return finish(self, statement, error);
}

static bool add_row(dmx_index *self, const dmx_index_entry *entry, demucs_error *error)
{
    sqlite3_stmt *statement =
        prepare(self, "INSERT INTO entries(" COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error);
    if (statement == NULL) return false;
    bind_text(statement, 1, entry->key);
    bind_text(statement, 2, entry->folder);
    bind_text(statement, 3, entry->settings);
    bind_text(statement, 4, entry->facts);
    bind_text(statement, 5, entry->input);
    sqlite3_bind_int64(statement, 6, entry->created_ms);
    sqlite3_bind_int64(statement, 7, entry->used_ms);
    sqlite3_bind_double(statement, 8, entry->seconds);
    sqlite3_bind_int64(statement, 9, (int64_t)entry->hits);
    sqlite3_bind_int64(statement, 10, (int64_t)entry->bytes);
    return finish(self, statement, error);
}

static bool add_file(dmx_index *self, const char *folder, size_t at, const dmx_index_file *file, demucs_error *error)
{
    sqlite3_stmt *statement =
        prepare(self, "INSERT INTO files(folder, number, name, bytes, sha256) VALUES(?, ?, ?, ?, ?)", error);
    if (statement == NULL) return false;
    bind_text(statement, 1, folder);
    sqlite3_bind_int64(statement, 2, (int64_t)at);
    bind_text(statement, 3, file->name);
    sqlite3_bind_int64(statement, 4, (int64_t)file->bytes);
    bind_text(statement, 5, file->sha256);
    return finish(self, statement, error);
}

bool dmx_index_add(dmx_index *self, const dmx_index_entry *entry, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    bool done = run(self, "BEGIN IMMEDIATE", error);
    if (done) {
        done = remove_row(self, "key", entry->key, error) && add_row(self, entry, error);
        for (size_t i = 0; done && i < entry->files_count; i++)
            done = add_file(self, entry->folder, i, &entry->files[i], error);
        done = end(self, done, error);
    }
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool dmx_index_touch(dmx_index *self, const dmx_index_entry *entry, int64_t now_ms, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    sqlite3_stmt *statement =
        prepare(self, "UPDATE entries SET hits = hits + 1, used_ms = max(used_ms + 1, ?) WHERE folder = ?", error);
    if (statement != NULL) {
        sqlite3_bind_int64(statement, 1, now_ms);
        bind_text(statement, 2, entry->folder);
    }
    const bool done = finish(self, statement, error);
    pthread_mutex_unlock(&self->lock);
    return done;
}

bool dmx_index_remove(dmx_index *self, const dmx_index_entry *entry, bool *removed, demucs_error *error)
{
    *removed = false;
    pthread_mutex_lock(&self->lock);
    bool done = run(self, "BEGIN IMMEDIATE", error);
    if (done) {
        done = remove_row(self, "folder", entry->folder, error);
        *removed = done && sqlite3_changes(self->database) > 0;
        done = end(self, done, error);
    }
    pthread_mutex_unlock(&self->lock);
    return done;
}
