/* sha256.h - comparing files with their checksums. */
#ifndef DEMUCS_HUB_SHA256_H
#define DEMUCS_HUB_SHA256_H

#include "hub/hub.h"

/* Does the file's sha256 start with `expected` (1..64 lower-case hex digits)? On a mismatch the sentence names the
 * file, the expected and the actual digits. */
bool hub_sha256_check(const char *path, const char *expected, demucs_error *error);

#endif
