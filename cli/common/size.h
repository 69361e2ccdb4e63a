/* size.h - sizes of files as people write them: "500M", "20GB", "1.5T". */
#ifndef CLI_SIZE_H
#define CLI_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read a size: a number, and K, M, G or T, maybe with B, for thousands of bytes; without them, bytes. At least 1. False
 * when it is none. */
bool size_parse(const char *text, uint64_t *bytes);

/* Write one, "20.0 GB", into `out`, which is returned. */
enum { SIZE_TEXT = 32 };
const char *size_text(char out[SIZE_TEXT], uint64_t bytes);

#endif
