/* demucs_cache.h - results that are kept: a track that was separated before is there at once.
 *
 *   demucs_cache *cache = NULL;
 *   demucs_cache_open(&cache, "results", NULL, &error);
 *   request.cache = cache;                  (demucs_tracks.h; for as many requests and threads as you like)
 *   demucs_tracks_separate(&request, &result, &error);      result->outcome: COMPUTED, or CACHED
 *   demucs_cache_free(cache);
 *
 * A result is found by its key, the SHA-256 of a text of all that decides on its bytes: the input's bytes, the model's
 * digest, every setting of request, engine and stream that changes the files, and the versions of the numerics and of
 * the libraries that decode and encode. Names, folders and dates play no part: a copy of a song under another name is
 * found. What is found is written as a track's files always are, all of them or none, as a copy that shares its blocks
 * with the cache where the file system can do that (Btrfs, XFS), so that whoever edits a stem leaves the cache as it
 * is; by a hard link where the request has cache_links. Each file's SHA-256 is compared on the way: an entry that was
 * damaged is removed, computed again, and told of by an event.
 *
 * Any number of processes and threads may use one folder at once. Who comes for a key that another is computing waits
 * for it, and can be cancelled; if the other dies, the next one goes on in its place. A process may be killed at any
 * moment: an entry is whole or is not there.
 *
 *   FOLDER/index.sqlite    which entries there are, and what is known of them (SQLite, with a write-ahead log)
 *   FOLDER/entries/NAME/   the files of one entry
 *   FOLDER/locks/KEY       locked by whoever computes that key
 *
 * The folder is private: it is made with mode 0700, and one that belongs to somebody else, or that others can write to,
 * is refused. It must lie on a file system of this machine: on one of a network (NFS, SMB) locks and SQLite's log hold
 * between the processes of one machine only, so that two machines must not use it at the same time.
 *
 * Conventions are those of demucs.h.
 */
#ifndef DEMUCS_CACHE_H
#define DEMUCS_CACHE_H

#include "demucs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct demucs_cache demucs_cache;

typedef struct demucs_cache_options {
    size_t struct_size;   /* set by demucs_cache_options_init */
    uint64_t limit_bytes; /* of all entries together: what was not used for longest is removed to make room, and a
                             result that is larger by itself is not kept. 0 (default): no limit */
    bool refresh;         /* true: compute also what is there, and keep the new result in its place. Default false */
} demucs_cache_options;

/* Write the defaults into *options, a struct of `struct_size` bytes, sizeof(demucs_cache_options) for its caller. */
DEMUCS_API void demucs_cache_options_init(demucs_cache_options *options, size_t struct_size);

/* Open the cache in `folder`, which is made when it is not there. `options` may be NULL. What killed processes left
 * there is removed. Errors: ARGUMENT, IO, MEMORY; UNSUPPORTED (another version's, or a folder that is not private);
 * FORMAT (a damaged index: demucs_cache_clear starts anew). On failure *cache is NULL. */
DEMUCS_API demucs_status demucs_cache_open(demucs_cache **cache, const char *folder,
                                           const demucs_cache_options *options, demucs_error *error);

/* Close it: when no track that names it is under way. NULL is fine. */
DEMUCS_API void demucs_cache_free(demucs_cache *cache);

/* A file of an entry. A later version may add fields at the end. */
typedef struct demucs_cache_file {
    const char *name; /* "drums.wav" */
    uint64_t bytes;
    const char *sha256;
} demucs_cache_file;

/* What is known of an entry. A later version may add fields at the end. */
typedef struct demucs_cache_entry {
    const char *key;                       /* 64 hexadecimal digits */
    const char *settings;                  /* the text that the key is the sum of: lines of a name and a value */
    const char *input;                     /* path of the track when it was computed, as its request had it */
    int64_t created_unix, used_unix;       /* seconds since 1970: when it was computed, and used last */
    double seconds;                        /* how long it took */
    uint64_t hits;                         /* how often it was used since */
    uint64_t bytes;                        /* of all its files */
    const demucs_cache_file *const *files; /* [files_count] */
    size_t files_count;
    const char *damage; /* demucs_cache_verify: what is wrong with it, a sentence; else NULL */
} demucs_cache_entry;

/* Called for one entry after the other; what it points to lasts for the call. Return true to stop: the function then
 * returns DEMUCS_OK. The cache may not be used inside. */
typedef bool (*demucs_cache_entry_fn)(const demucs_cache_entry *entry, void *user);

/* Tell of the entries whose keys begin with `prefix` (NULL or "": all), the one used last first. Errors: ARGUMENT, IO,
 * FORMAT, MEMORY. */
DEMUCS_API demucs_status demucs_cache_list(demucs_cache *cache, const char *prefix, demucs_cache_entry_fn each,
                                           void *user, demucs_error *error);

/* The same, and read every file: entries that are damaged are removed, and told of with `damage`. `each` may be NULL.
 *   damaged  NULL, or where to store how many there were */
DEMUCS_API demucs_status demucs_cache_verify(demucs_cache *cache, const char *prefix, demucs_cache_entry_fn each,
                                             void *user, size_t *damaged, demucs_error *error);

/* What was removed, and what is left. */
typedef struct demucs_cache_report {
    size_t struct_size; /* set by the caller: sizeof(demucs_cache_report) */
    uint64_t entries_removed, bytes_removed;
    uint64_t entries, bytes;
} demucs_cache_report;

/* Remove entries until no more than `limit_bytes` are left, those that were not used for longest first; and all that
 * were not used for `unused_seconds` (0: age plays no part). UINT64_MAX is no limit. `report` may be NULL. */
DEMUCS_API demucs_status demucs_cache_prune(demucs_cache *cache, uint64_t limit_bytes, uint64_t unused_seconds,
                                            demucs_cache_report *report, demucs_error *error);

/* Remove all entries of the cache in `folder`, which needs not be open; one whose index is damaged is emptied all the
 * same. A folder that is no cache is left alone (ARGUMENT). `report` may be NULL. */
DEMUCS_API demucs_status demucs_cache_clear(const char *folder, demucs_cache_report *report, demucs_error *error);

#ifdef __cplusplus
}
#endif

#endif
