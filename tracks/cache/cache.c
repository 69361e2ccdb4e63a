/* cache.c - see cache.h and demucs_cache.h: opening, and what a track does with a cache */
#define _XOPEN_SOURCE 700 /* realpath */

#include "tracks/cache/cache.h"

#include "base/alloc.h"
#include "base/folder.h"
#include "base/options.h"
#include "tracks/paths.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to use the cache");
}

int64_t dmx_cache_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------------------------------- opening ---- */

static demucs_cache_options defaults(void)
{
    return (demucs_cache_options){.struct_size = sizeof(demucs_cache_options)};
}

void demucs_cache_options_init(demucs_cache_options *options, size_t struct_size)
{
    const demucs_cache_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

/* Make a folder for this user alone, with its parents, or see that the one that is there is this user's alone: whoever
 * else could write to it could put anything in the place of a stem. */
static bool make_private(const char *path, demucs_error *error)
{
    char reason[DMX_REASON];
    struct stat info;
    char *parent = dmx_path_parent(path);
    if (parent == NULL) return no_memory(error);
    const bool there = stat(path, &info) == 0 || dmx_folder_make(parent, NULL, error) == DEMUCS_OK;
    dmx_free(parent);
    if (!there) return false;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot create the folder %s: %s", path, dmx_reason(reason, errno));
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "this is not a folder, which a cache has to be");
    if (info.st_uid != geteuid())
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "the folder belongs to another user; a cache has to be your own");
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "others can write to this folder, and could change what is kept in it; 'chmod go-w' it or "
                           "use another one for the cache");
    return true;
}

static bool never(void *user, demucs_error *error)
{
    (void)user, (void)error;
    return false;
}

/* Locks that nobody has were left by processes that were killed. */
static void sweep_locks(const demucs_cache *self)
{
    DIR *all = opendir(self->locks);
    for (const struct dirent *item; all != NULL && (item = readdir(all)) != NULL;) {
        char *path = item->d_name[0] != '.' ? dmx_path_print("%s/%s", self->locks, item->d_name) : NULL;
        if (path != NULL) dmx_lock_end(dmx_lock_try(path), path);
        dmx_free(path);
    }
    if (all != NULL) closedir(all);
}

/* One process at a time: two that make the same database would be in each other's way. */
static bool open_index(demucs_cache *self, demucs_error *error)
{
    const dmx_lock_wait wait = {.give_up = never};
    char *path = dmx_path_print("%s/index.sqlite", self->folder);
    char *lock_path = dmx_path_print("%s/open.lock", self->folder);
    bool done = false;
    if (path == NULL || lock_path == NULL) {
        no_memory(error);
    } else {
        const int lock = dmx_lock_take(lock_path, &wait, error);
        if (lock >= 0) self->index = dmx_index_open(path, error);
        done = lock >= 0 && self->index != NULL;
        dmx_lock_end(lock, lock_path);
    }
    dmx_free(path);
    dmx_free(lock_path);
    return done;
}

static bool open_cache(demucs_cache *self, const char *folder, demucs_error *error)
{
    char real[PATH_MAX]; /* SQLite follows no links; and the working folder may change */
    if (!make_private(folder, error)) return false;
    self->folder = realpath(folder, real) != NULL ? dmx_strdup(real) : NULL;
    if (self->folder != NULL) self->entries = dmx_path_print("%s/entries", self->folder);
    if (self->entries != NULL) self->locks = dmx_path_print("%s/locks", self->folder);
    if (self->locks == NULL) return no_memory(error);
    if (!make_private(self->entries, error) || !make_private(self->locks, error) || !open_index(self, error))
        return false;
    sweep_locks(self);
    dmx_entry_sweep(self->entries, self->index);
    return true;
}

demucs_status demucs_cache_open(demucs_cache **cache, const char *folder, const demucs_cache_options *options,
                                demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_cache_options all = defaults();
    dmx_error_clear(error);
    if (cache == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no place to store the cache");
    *cache = NULL;
    if (folder == NULL || folder[0] == '\0')
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the folder of the cache has no name");
    if (options != NULL && !dmx_options_take(&all, sizeof all, options, options->struct_size))
        return dmx_options_unknown("demucs_cache_options_init", error);
    demucs_cache *self = dmx_alloc(1, sizeof *self);
    if (self == NULL)
        no_memory(&why);
    else if (open_cache(self, folder, &why)) {
        self->limit_bytes = all.limit_bytes > 0 ? all.limit_bytes : UINT64_MAX;
        self->refresh = all.refresh;
        *cache = self;
        return DEMUCS_OK;
    }
    demucs_cache_free(self);
    return dmx_fail(error, why.status, "%s", why.message);
}

void demucs_cache_free(demucs_cache *cache)
{
    if (cache == NULL) return;
    dmx_index_free(cache->index);
    dmx_free(cache->folder);
    dmx_free(cache->entries);
    dmx_free(cache->locks);
    dmx_free(cache);
}

/* --------------------------------------------------------------------------------------------------- a key ---- */

bool dmx_cache_take(demucs_cache *self, const char *key, const dmx_lock_wait *wait, dmx_cache_claim *claim,
                    demucs_error *error)
{
    *claim = (dmx_cache_claim){.path = dmx_path_print("%s/%s", self->locks, key), .lock = -1};
    if (claim->path == NULL) return no_memory(error);
    claim->lock = dmx_lock_take(claim->path, wait, error);
    return claim->lock >= 0;
}

void dmx_cache_give_up(dmx_cache_claim *claim)
{
    if (claim->path != NULL) dmx_lock_end(claim->lock, claim->path);
    dmx_free(claim->path);
    *claim = (dmx_cache_claim){.lock = -1};
}

bool dmx_cache_find(demucs_cache *self, const char *key, dmx_index_entry **entry, demucs_error *error)
{
    return dmx_index_find(self->index, key, entry, error);
}

bool dmx_cache_touch(demucs_cache *self, const dmx_index_entry *entry, demucs_error *error)
{
    return dmx_index_touch(self->index, entry, dmx_cache_now_ms(), error);
}

bool dmx_cache_drop(demucs_cache *self, const dmx_index_entry *entry, bool *removed, demucs_error *error)
{
    bool was_there = false;
    if (!dmx_index_remove(self->index, entry, &was_there, error)) return false;
    if (was_there) dmx_entry_remove(self->entries, entry->folder);
    if (removed != NULL) *removed = was_there;
    return true;
}

/* ------------------------------------------------------------------------------------------------- keeping ---- */

bool dmx_cache_shrink(demucs_cache *self, uint64_t limit_bytes, int64_t used_before_ms, uint64_t *entries,
                      uint64_t *bytes, demucs_error *error)
{
    for (;;) {
        uint64_t count, total;
        dmx_index_entry *oldest;
        bool removed;
        if (!dmx_index_total(self->index, &count, &total, error)) return false;
        if (total <= limit_bytes) return true;
        if (!dmx_index_oldest(self->index, used_before_ms, &oldest, error)) return false;
        if (oldest == NULL) return true;
        const uint64_t size = oldest->bytes;
        const bool done = dmx_cache_drop(self, oldest, &removed, error);
        dmx_index_entry_free(oldest);
        if (!done) return false;
        *entries += removed;
        *bytes += removed ? size : 0;
    }
}

/* Room for so many more bytes. */
static bool make_room(demucs_cache *self, uint64_t more, demucs_error *error)
{
    uint64_t entries = 0, bytes = 0;
    if (self->limit_bytes == UINT64_MAX) return true;
    return dmx_cache_shrink(self, self->limit_bytes - more, INT64_MAX, &entries, &bytes, error);
}

static bool size_of_all(const char *const *paths, size_t count, uint64_t *bytes, demucs_error *error)
{
    char reason[DMX_REASON];
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct stat info;
        if (stat(paths[i], &info) != 0)
            return !dmx_refuse(paths[i], error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, errno));
        *bytes += (uint64_t)info.st_size;
    }
    return true;
}

static bool keep_files(demucs_cache *self, dmx_index_entry *entry, const char *const *paths, bool links,
                       demucs_error *error)
{
    dmx_index_entry *before = NULL;
    bool done = true;
    entry->bytes = 0;
    for (size_t i = 0; done && i < entry->files_count; i++) {
        done = dmx_entry_add(self->entries, entry->folder, i, paths[i], links, &entry->files[i], error);
        entry->bytes += entry->files[i].bytes;
    }
    entry->created_ms = entry->used_ms = dmx_cache_now_ms();
    done = done && dmx_index_find(self->index, entry->key, &before, error) && dmx_index_add(self->index, entry, error);
    if (!done) dmx_entry_remove(self->entries, entry->folder);
    if (done && before != NULL) dmx_entry_remove(self->entries, before->folder);
    dmx_index_entry_free(before);
    return done;
}

bool dmx_cache_keep(demucs_cache *self, dmx_index_entry *entry, const char *const *paths, bool links,
                    demucs_error *error)
{
    uint64_t bytes;
    if (!size_of_all(paths, entry->files_count, &bytes, error)) return false;
    if (bytes > self->limit_bytes)
        return !dmx_fail(error, DEMUCS_ERROR_UNSUPPORTED,
                         "the result has %.1f MB, which is more than the limit of %.1f MB", (double)bytes / 1e6,
                         (double)self->limit_bytes / 1e6);
    if (!make_room(self, bytes, error)) return false;
    const int lock = dmx_entry_begin(self->entries, entry->key, entry->folder, error);
    if (lock < 0) return false;
    const bool done = keep_files(self, entry, paths, links, error);
    dmx_entry_end(lock);
    return done && make_room(self, 0, error); /* others may have kept something meanwhile */
}
