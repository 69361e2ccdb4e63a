/* digest.h - SHA-256 of bytes and of files, for all that is not the engine.
 *
 * A library's: it is kept well, and picks the CPU's SHA instructions, so that a file is summed up faster than most
 * disks deliver it. The engine, which has no library for it, has plain code of its own (base/sha256.h). */
#ifndef DEMUCS_DIGEST_H
#define DEMUCS_DIGEST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Digits of a sum, and the 0 at their end. */
enum { DIGEST_TEXT = 65 };

/* A sum under way. */
typedef struct digest_sum digest_sum;

/* Begin; NULL without memory. */
digest_sum *digest_begin(void);

/* Take bytes. False without memory, which does not happen for SHA-256 as it is. */
bool digest_add(digest_sum *self, const void *bytes, size_t count);

/* The sum of what was taken, 64 small hexadecimal digits. */
bool digest_end(digest_sum *self, char hex[DIGEST_TEXT]);

/* NULL is fine. */
void digest_free(digest_sum *self);

/* The sum of a regular file. Errors: IO, MEMORY. */
bool digest_file(const char *path, char hex[DIGEST_TEXT], demucs_error *error);

#endif
