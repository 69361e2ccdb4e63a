/* size.h - sizes of files and memory as people write them: "500M", "20GB", "1.5T". */
#ifndef DMX_BASE_SIZE_H
#define DMX_BASE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Read a size: a number, with a point whatever the locale, and K, M, G or T, maybe with B, for thousands of bytes;
 * without them, bytes. At least 1. False when it is none. */
bool dmx_size_parse(const char *text, uint64_t *bytes);

/* Write one, "20.0 GB", into `out`, which is returned. */
enum { DMX_SIZE_TEXT = 32 };
const char *dmx_size_text(char out[DMX_SIZE_TEXT], uint64_t bytes);

#endif
