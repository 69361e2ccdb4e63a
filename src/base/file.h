/* file.h - a file that appears whole or not at all.
 *
 *     folder/.NAME.partial-PID-N  --write, sync-->  --rename-->  folder/NAME  --sync of the folder-->
 *
 * Bytes go to a hidden temporary file beside the target; dmx_file_commit brings them to the disk and gives the file its
 * name. A folder that others can write to is hostile: it is opened once, the temporary file is created in it and never
 * found there, and all that follows goes by the open folder and not by its path. Temporary files are on record, so that
 * a signal handler can remove them. What a process that was killed left in a folder goes when the next one writes
 * there.
 *
 * A dmx_file is used by one thread at a time. Writing, seeking and reading remember their first failure: all calls
 * after it fail too, and dmx_file_fail has its sentence. */
#ifndef DMX_BASE_FILE_H
#define DMX_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dmx_file dmx_file;

/* Start a file that is to be `path`; its folder must exist. A regular file there stays until the commit; anything else
 * there, such as a folder or a device, is refused, and a link is replaced. On failure (IO, MEMORY) *file is NULL and
 * nothing is left behind. */
demucs_status dmx_file_create(dmx_file **file, const char *path, demucs_error *error);

/* The same, but where `path` is a link, the file that it leads to is written, and the link stays: the temporary file
 * lies beside that one. A link that somebody else may have made is refused (base/target.h). */
demucs_status dmx_file_create_through(dmx_file **file, const char *path, demucs_error *error);

/* Write into an open file without a name, for reading and writing, which becomes the dmx_file's in any case. `name` is
 * for messages. It is never synced or committed: who made it reads it back, and discards it. */
demucs_status dmx_file_adopt(dmx_file **file, int descriptor, const char *name, demucs_error *error);

/* The target's path as it was given, for messages. */
const char *dmx_file_path(const dmx_file *file);

/* Append to, or overwrite at, the present position; go to a position from the start. */
bool dmx_file_write(dmx_file *file, const void *bytes, size_t count);
bool dmx_file_seek(dmx_file *file, uint64_t position);

/* Make a file to which nothing was written a copy of all of the open file `from` that shares its blocks on the disk, as
 * file systems that copy on write can do (Btrfs, XFS). False, and nothing has happened, where that does not go. */
bool dmx_file_clone(dmx_file *file, int from);

/* Make a file to which nothing was written another name (hard link) of the open file `from`, which has the name `path`
 * and is on the disk: then nothing may be written to it. False, and nothing has happened, where that does not go:
 * another file system, another mode or owner than a new file has here, or a `path` that is something else by now. Who
 * writes into one of the two later writes into both. */
bool dmx_file_link(dmx_file *file, int from, const char *path);

/* Let the system begin to bring what was written to the disk, without waiting for it: who writes several files has
 * less to wait for when he syncs them in the end. */
void dmx_file_begin_sync(dmx_file *file);

/* Read back `count` bytes at `position`, all of which were written. The position of writing stays. */
bool dmx_file_read(dmx_file *file, void *bytes, size_t count, uint64_t position);

/* The size so far: the end of what was written furthest. */
uint64_t dmx_file_size(const dmx_file *file);

/* The sentence for the first failure (IO, MEMORY). */
demucs_status dmx_file_fail(const dmx_file *file, demucs_error *error);

/* Bring all bytes to the disk and close the temporary file: a full disk shows here at the latest, and nothing may be
 * written after it. What is left for the commit is the name, so that files that belong together can all be synced
 * before the first of them appears. */
bool dmx_file_sync(dmx_file *file);

/* Sync if that was not done, and rename over the target. Frees the file; on failure the temporary file is gone and an
 * older target untouched. */
demucs_status dmx_file_commit(dmx_file *file, demucs_error *error);

/* Give up: remove the temporary file and free. NULL is fine. */
void dmx_file_discard(dmx_file *file);

/* Give a finished file that lies under another name, in a folder on the same disk, the name `path`: sync, rename, sync
 * of the folder. For what must survive an interruption under its temporary name, such as a download. A `temporary` that
 * is a link is refused. */
demucs_status dmx_file_place(const char *temporary, const char *path, demucs_error *error);

/* Remove the temporary files of all open dmx_files of the process: async-signal-safe, for a handler that is about to
 * end the process, and for atexit. A commit under way either has its file or leaves nothing. */
void dmx_files_unlink_all(void);

#endif
