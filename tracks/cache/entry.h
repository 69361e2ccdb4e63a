/* entry.h - the files of one entry, in a folder of their own.
 *
 *     make the folder, lock it --> a file, synced --> ... --> the row in the index --> unlock
 *
 * A folder without a row that nobody has locked was left by a process that was killed. */
#ifndef DMX_CACHE_ENTRY_H
#define DMX_CACHE_ENTRY_H

#include "base/file.h"
#include "tracks/cache/index.h"

/* Make and lock a new folder in `parent`; its name goes to `folder`. -1 on failure, else the lock. */
int dmx_entry_begin(const char *parent, const char *key, char folder[DMX_FOLDER_TEXT], demucs_error *error);

/* End what dmx_entry_begin began, once there is a row, or the folder was removed. */
void dmx_entry_end(int lock);

/* Copy the file `path` to the folder, under a number, or with `links` make it a hard link where that goes; its size and
 * sum go to `file`. */
bool dmx_entry_add(const char *parent, const char *folder, size_t number, const char *path, bool links,
                   dmx_index_file *file, demucs_error *error);

/* What became of reading a file of an entry. */
typedef enum dmx_entry_read {
    DMX_ENTRY_WHOLE,
    DMX_ENTRY_MISSING,
    DMX_ENTRY_DAMAGED, /* other bytes than it had, or not to be read */
    DMX_ENTRY_FAILED   /* for reasons that are not the entry's: memory, or the file that is written */
} dmx_entry_read;

/* Read a file of an entry, compare its sum, and write it to `to` (NULL: only compare), or with `links` make `to` a hard
 * link to it where that goes. `give_up` (NULL: none) is asked now and then; true ends it with FAILED. */
dmx_entry_read dmx_entry_copy(const char *parent, const dmx_index_entry *entry, size_t number, dmx_file *to, bool links,
                              bool (*give_up)(void *user, demucs_error *error), void *user, demucs_error *error);

/* Remove a folder. */
void dmx_entry_remove(const char *parent, const char *folder);

/* Remove what processes that were killed left in `parent`: folders that nobody has locked and that have no row. */
void dmx_entry_sweep(const char *parent, dmx_index *index);

#endif
