/* sha256.c - see sha256.h */
#include "hub/sha256.h"

#include "digest/digest.h"

#include <string.h>

bool hub_sha256_check(const char *path, const char *expected, demucs_error *error)
{
    char digest[DIGEST_TEXT];
    if (!digest_file(path, digest, error)) return false;
    size_t length = strlen(expected);
    if (length > 0 && length < sizeof digest && memcmp(digest, expected, length) == 0) return true;
    return !dmx_fail(error, DEMUCS_ERROR_FORMAT,
                     "%s is damaged or not the original: its sha256 should start with %s and is %.*s; fetch it again",
                     path, expected, length > 8 ? 64 : 16, digest);
}
