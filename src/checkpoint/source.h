/* source.h - the file that a checkpoint is read from, piece by piece.
 *
 * It is never mapped: when somebody cuts a mapped file, whoever reads what is gone ends by SIGBUS, and a library cannot
 * ask the program that uses it to live with that. Read, the same is a sentence. It costs nothing, as long as the pieces
 * are small and go to memory that was used before: the copy takes as long as the mapping of the pages. */
#ifndef DMX_CHECKPOINT_SOURCE_H
#define DMX_CHECKPOINT_SOURCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { DMX_SOURCE_PIECE = 1 << 15 }; /* bytes that are well read at once, where nobody needs more */

typedef struct dmx_source {
    bool open;
    int file;
    size_t size_bytes;    /* more than 0 */
    struct timespec date; /* when it was changed, as of the opening */
} dmx_source;

/* Open a regular file that is not empty. `path` is for messages, here and below. Close it on failure too. */
demucs_status dmx_source_open(dmx_source *source, const char *path, demucs_error *error);
void dmx_source_close(dmx_source *source);

/* Read `size` bytes from `at` on, which lie in the file as it was when it was opened. */
demucs_status dmx_source_read(const dmx_source *source, const char *path, size_t at, void *out, size_t size,
                              demucs_error *error);

/* Refuse a file that somebody has written to since it was opened: what was read are parts of two. */
demucs_status dmx_source_check(const dmx_source *source, const char *path, demucs_error *error);

#endif
