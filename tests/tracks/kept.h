/* kept.h - what the tests of the cache share: tracks that are separated with it, and what it says that it has. */
#ifndef DEMUCS_TESTS_KEPT_H
#define DEMUCS_TESTS_KEPT_H

#include "tracks.h"

/* Open the cache in "cache", with a failed check if that fails. */
demucs_cache *kept_open(uint64_t limit_bytes, bool refresh);

/* Separate `input` into `folder`, and say where its files came from; -1, with a failed check, on failure. `record` may
 * be NULL. */
int kept_separate(const tracks_setup *setup, demucs_cache *cache, const char *input, const char *folder,
                  tracks_record *record);

/* A sum of the figures of the last result. */
double kept_figures(void);

/* Whether the four stems in two folders hold the same bytes. */
bool kept_same_stems(const char *one, const char *other);

/* What was listed; of the last entry, where it is of one. */
typedef struct kept_listing {
    size_t entries, damaged;
    uint64_t hits, bytes;
    char key[65], input[64], settings[2048], damage[200];
    double seconds;
    int64_t created_unix, used_unix;
    size_t files;
} kept_listing;

/* A demucs_cache_entry_fn; `user` is the listing. */
bool kept_note(const demucs_cache_entry *entry, void *user);

kept_listing kept_list(demucs_cache *cache);

/* The path of a file in the cache, of the one entry that there is. */
const char *kept_file(int number);

#endif
