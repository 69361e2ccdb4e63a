/* index.h - which entries a cache has, and what is known of them: a SQLite database, seen nowhere else.
 *
 * An entry is there when it has a row: the folder with its files is made before, and removed after. Serves several
 * threads, one at a time, and several processes: writers wait for one another. Functions return false with an error;
 * FORMAT says that the database is damaged. */
#ifndef DMX_CACHE_INDEX_H
#define DMX_CACHE_INDEX_H

#include "base/error.h"

#include <stdint.h>

enum { DMX_KEY_TEXT = 65, DMX_FOLDER_TEXT = 48 };

typedef struct dmx_index dmx_index;

typedef struct dmx_index_file {
    char *name;
    uint64_t bytes;
    char sha256[DMX_KEY_TEXT];
} dmx_index_file;

typedef struct dmx_index_entry {
    char key[DMX_KEY_TEXT];
    char folder[DMX_FOLDER_TEXT]; /* its name below entries/ */
    char *settings, *facts, *input;
    int64_t created_ms, used_ms; /* since 1970 */
    double seconds;
    uint64_t hits, bytes;
    dmx_index_file *files; /* [files_count] */
    size_t files_count;
} dmx_index_entry;

/* An entry with room for files; NULL without memory. */
dmx_index_entry *dmx_index_entry_new(size_t files);
void dmx_index_entry_free(dmx_index_entry *entry);

/* Open, and create where there is none, the database `path`. Who opens makes sure that nobody else does just now. */
dmx_index *dmx_index_open(const char *path, demucs_error *error);
void dmx_index_free(dmx_index *self);

/* The entry of a key; NULL in *entry where there is none. The caller frees it. */
bool dmx_index_find(dmx_index *self, const char *key, dmx_index_entry **entry, demucs_error *error);

/* Of the entries that were used before `used_before_ms`, the one that was not used for longest, without its files. */
bool dmx_index_oldest(dmx_index *self, int64_t used_before_ms, dmx_index_entry **entry, demucs_error *error);

/* Keys that begin with `prefix`, the one used last first: [*count], each DMX_KEY_TEXT long; to be freed by dmx_free. */
bool dmx_index_keys(dmx_index *self, const char *prefix, char (**keys)[DMX_KEY_TEXT], size_t *count,
                    demucs_error *error);

/* Add an entry; one that has its key leaves. */
bool dmx_index_add(dmx_index *self, const dmx_index_entry *entry, demucs_error *error);

/* It was used, now. */
bool dmx_index_touch(dmx_index *self, const dmx_index_entry *entry, int64_t now_ms, demucs_error *error);

/* Remove it, if it still has this folder; *removed says whether it had. */
bool dmx_index_remove(dmx_index *self, const dmx_index_entry *entry, bool *removed, demucs_error *error);

/* Whether an entry has this folder. */
bool dmx_index_has_folder(dmx_index *self, const char *folder, bool *has, demucs_error *error);

bool dmx_index_total(dmx_index *self, uint64_t *entries, uint64_t *bytes, demucs_error *error);

#endif
