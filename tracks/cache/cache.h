/* cache.h - a cache as tracks/ uses it: find what a key has, or be the one who computes it.
 *
 *     find --> there: copy its files, or drop it where it is damaged
 *          \-> not there: claim the key, find again, compute, keep, and give the key up
 */
#ifndef DMX_CACHE_CACHE_H
#define DMX_CACHE_CACHE_H

#include "demucs_cache.h"
#include "tracks/cache/entry.h"
#include "tracks/cache/lock.h"

struct demucs_cache {
    char *folder, *entries, *locks; /* paths: of the cache, and of the two folders in it */
    dmx_index *index;
    uint64_t limit_bytes; /* UINT64_MAX: none */
    bool refresh;
};

/* A key that this track computes, and nobody else. */
typedef struct dmx_cache_claim {
    char *path;
    int lock;
} dmx_cache_claim;

/* Wait until nobody else computes `key`, and be the one who may. `claim` starts from all zeros with lock -1. */
bool dmx_cache_take(demucs_cache *self, const char *key, const dmx_lock_wait *wait, dmx_cache_claim *claim,
                    demucs_error *error);
void dmx_cache_give_up(dmx_cache_claim *claim);

/* The entry of a key, or NULL. The caller frees it with dmx_index_entry_free. */
bool dmx_cache_find(demucs_cache *self, const char *key, dmx_index_entry **entry, demucs_error *error);

/* It was used. */
bool dmx_cache_touch(demucs_cache *self, const dmx_index_entry *entry, demucs_error *error);

/* Remove an entry with its files; *removed (NULL is fine) says whether it was there still. */
bool dmx_cache_drop(demucs_cache *self, const dmx_index_entry *entry, bool *removed, demucs_error *error);

/* Keep the files at `paths`, as copies or with `links` as hard links where that goes, under the key of `entry`, whose
 * texts are filled in, with the names of its files; make room for them. A result that is larger than the limit is not
 * kept, which is a failure (UNSUPPORTED). */
bool dmx_cache_keep(demucs_cache *self, dmx_index_entry *entry, const char *const *paths, bool links,
                    demucs_error *error);

/* Remove what was not used for longest until `limit_bytes` are left, of what was used before `used_before_ms`. The two
 * counts are added to. */
bool dmx_cache_shrink(demucs_cache *self, uint64_t limit_bytes, int64_t used_before_ms, uint64_t *entries,
                      uint64_t *bytes, demucs_error *error);

/* Milliseconds since 1970. */
int64_t dmx_cache_now_ms(void);

#endif
