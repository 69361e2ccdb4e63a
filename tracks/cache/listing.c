/* listing.c - see demucs_cache.h: looking at a cache, checking it, and removing from it */
#include "base/alloc.h"
#include "base/folder.h"
#include "base/options.h"
#include "tracks/cache/cache.h"
#include "tracks/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to look into the cache");
}

/* ------------------------------------------------------------------------------------------------- looking ---- */

/* Show an entry to the caller; *stop is what it says. */
static bool show(const dmx_index_entry *entry, const char *damage, demucs_cache_entry_fn each, void *user, bool *stop,
                 demucs_error *error)
{
    demucs_cache_file *files = dmx_alloc(entry->files_count, sizeof *files);
    const demucs_cache_file **list = dmx_alloc(entry->files_count, sizeof *list);
    const bool room = files != NULL && list != NULL;
    for (size_t i = 0; room && i < entry->files_count; i++) {
        const dmx_index_file *file = &entry->files[i];
        files[i] = (demucs_cache_file){.name = file->name, .bytes = file->bytes, .sha256 = file->sha256};
        list[i] = &files[i];
    }
    const demucs_cache_entry shown = {.key = entry->key,
                                      .settings = entry->settings,
                                      .input = entry->input,
                                      .created_unix = entry->created_ms / 1000,
                                      .used_unix = entry->used_ms / 1000,
                                      .seconds = entry->seconds,
                                      .hits = entry->hits,
                                      .bytes = entry->bytes,
                                      .files = list,
                                      .files_count = entry->files_count,
                                      .damage = damage};
    if (room) *stop = each(&shown, user);
    dmx_free(files);
    dmx_free(list);
    return room || no_memory(error);
}

/* Read all files of an entry; `damage` is a sentence, or "" when it is whole. */
static bool check(demucs_cache *self, const dmx_index_entry *entry, char *damage, size_t size, demucs_error *error)
{
    damage[0] = '\0';
    for (size_t i = 0; i < entry->files_count && damage[0] == '\0'; i++) {
        const dmx_entry_read read = dmx_entry_copy(self->entries, entry, i, NULL, false, NULL, NULL, error);
        if (read == DMX_ENTRY_FAILED) return false;
        if (read == DMX_ENTRY_MISSING) snprintf(damage, size, "%s is missing", entry->files[i].name);
        if (read == DMX_ENTRY_DAMAGED) snprintf(damage, size, "%s has other bytes than it had", entry->files[i].name);
    }
    return true;
}

typedef struct look {
    demucs_cache *cache;
    bool verify, stop;
    demucs_cache_entry_fn each;
    void *user;
    size_t damaged;
} look;

static bool look_at(look *self, const dmx_index_entry *entry, demucs_error *error)
{
    char damage[300] = "";
    bool removed = true;
    if (self->verify && !check(self->cache, entry, damage, sizeof damage, error)) return false;
    /* one that is gone was not damaged: somebody removed it meanwhile */
    if (damage[0] != '\0' && !dmx_cache_drop(self->cache, entry, &removed, error)) return false;
    if (!removed) return true;
    self->damaged += damage[0] != '\0';
    return self->each == NULL ||
           show(entry, damage[0] != '\0' ? damage : NULL, self->each, self->user, &self->stop, error);
}

static demucs_status look_through(look *self, const char *prefix, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    char(*keys)[DMX_KEY_TEXT];
    size_t count;
    bool done = dmx_index_keys(self->cache->index, prefix != NULL ? prefix : "", &keys, &count, &why);
    for (size_t i = 0; done && !self->stop && i < count; i++) {
        dmx_index_entry *entry;
        done = dmx_cache_find(self->cache, keys[i], &entry, &why) && (entry == NULL || look_at(self, entry, &why));
        dmx_index_entry_free(entry);
    }
    dmx_free(keys);
    return done ? DEMUCS_OK : dmx_fail(error, why.status, "%s", why.message);
}

static bool is_cache(const demucs_cache *cache, demucs_error *error)
{
    dmx_error_clear(error);
    return cache != NULL || !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no cache to look at");
}

demucs_status demucs_cache_list(demucs_cache *cache, const char *prefix, demucs_cache_entry_fn each, void *user,
                                demucs_error *error)
{
    look self = {.cache = cache, .each = each, .user = user};
    if (!is_cache(cache, error)) return DEMUCS_ERROR_ARGUMENT;
    if (each == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no function to tell of the entries");
    return look_through(&self, prefix, error);
}

demucs_status demucs_cache_verify(demucs_cache *cache, const char *prefix, demucs_cache_entry_fn each, void *user,
                                  size_t *damaged, demucs_error *error)
{
    look self = {.cache = cache, .verify = true, .each = each, .user = user};
    if (!is_cache(cache, error)) return DEMUCS_ERROR_ARGUMENT;
    const demucs_status status = look_through(&self, prefix, error);
    if (damaged != NULL) *damaged = self.damaged;
    return status;
}

/* ------------------------------------------------------------------------------------------------ removing ---- */

static demucs_status tell(demucs_cache *self, demucs_cache_report *report, uint64_t entries, uint64_t bytes,
                          demucs_error *error)
{
    demucs_cache_report all = {.entries_removed = entries, .bytes_removed = bytes};
    if (report == NULL) return DEMUCS_OK;
    demucs_error why = {DEMUCS_OK, ""};
    if (!dmx_index_total(self->index, &all.entries, &all.bytes, &why))
        return dmx_fail(error, why.status, "%s", why.message);
    dmx_options_give(report, report->struct_size, &all, sizeof all);
    return DEMUCS_OK;
}

demucs_status demucs_cache_prune(demucs_cache *cache, uint64_t limit_bytes, uint64_t unused_seconds,
                                 demucs_cache_report *report, demucs_error *error)
{
    uint64_t entries = 0, bytes = 0;
    demucs_error why = {DEMUCS_OK, ""};
    if (!is_cache(cache, error)) return DEMUCS_ERROR_ARGUMENT;
    const int64_t now = dmx_cache_now_ms();
    bool done = true;
    if (unused_seconds > 0 && unused_seconds < (uint64_t)now / 1000)
        done = dmx_cache_shrink(cache, 0, now - (int64_t)unused_seconds * 1000, &entries, &bytes, &why);
    done = done && dmx_cache_shrink(cache, limit_bytes, INT64_MAX, &entries, &bytes, &why);
    if (!done) return dmx_fail(error, why.status, "%s", why.message);
    return tell(cache, report, entries, bytes, error);
}

/* All that a cache has in its folder, index and all. */
static bool remove_all(const char *folder, demucs_error *error)
{
    static const char *const parts[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "entries", "locks"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *path = dmx_path_print("%s/%s", folder, parts[i]);
        if (path == NULL) return no_memory(error);
        dmx_folder_remove(path);
        dmx_free(path);
    }
    return true;
}

static bool is_cache_folder(const char *folder, demucs_error *error)
{
    struct stat info;
    char *path = dmx_path_print("%s/index.sqlite", folder);
    if (path == NULL) return no_memory(error);
    const bool is = lstat(path, &info) == 0 && S_ISREG(info.st_mode);
    dmx_free(path);
    return is || !dmx_refuse(folder, error, DEMUCS_ERROR_ARGUMENT, "there is no cache here");
}

demucs_status demucs_cache_clear(const char *folder, demucs_cache_report *report, demucs_error *error)
{
    demucs_cache *cache = NULL;
    demucs_error why = {DEMUCS_OK, ""};
    dmx_error_clear(error);
    if (folder == NULL || folder[0] == '\0')
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the folder of the cache has no name");
    if (!is_cache_folder(folder, error)) return DEMUCS_ERROR_ARGUMENT;
    demucs_status status = demucs_cache_open(&cache, folder, NULL, &why);
    if (status == DEMUCS_OK) status = demucs_cache_prune(cache, 0, 0, report, &why);
    demucs_cache_free(cache);
    cache = NULL;
    if (status == DEMUCS_ERROR_FORMAT) {
        dmx_error_clear(&why);
        status = remove_all(folder, &why) ? demucs_cache_open(&cache, folder, NULL, &why) : why.status;
        if (status == DEMUCS_OK) status = tell(cache, report, 0, 0, &why);
        demucs_cache_free(cache);
    }
    return status == DEMUCS_OK ? DEMUCS_OK : dmx_fail(error, why.status, "%s", why.message);
}
