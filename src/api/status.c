/* status.c - the versions of the library and the names of its error codes. */
#include "demucs.h"

#define TEXT_OF(x)      #x
#define VERSION_TEXT(x) TEXT_OF(x)

const char *demucs_version(void)
{
    return VERSION_TEXT(DEMUCS_VERSION_MAJOR) "." VERSION_TEXT(DEMUCS_VERSION_MINOR) "." VERSION_TEXT(
        DEMUCS_VERSION_PATCH);
}

/* Raised with every change after which some bit of a result may be another one: tests/api/test_digest.c has results of
 * this version. */
enum { NUMERICS_VERSION = 1 };

int demucs_numerics_version(void) { return NUMERICS_VERSION; }

const char *demucs_status_name(demucs_status status)
{
    switch (status) {
    case DEMUCS_OK: return "DEMUCS_OK";
    case DEMUCS_ERROR_ARGUMENT: return "DEMUCS_ERROR_ARGUMENT";
    case DEMUCS_ERROR_MEMORY: return "DEMUCS_ERROR_MEMORY";
    case DEMUCS_ERROR_IO: return "DEMUCS_ERROR_IO";
    case DEMUCS_ERROR_FORMAT: return "DEMUCS_ERROR_FORMAT";
    case DEMUCS_ERROR_UNSUPPORTED: return "DEMUCS_ERROR_UNSUPPORTED";
    case DEMUCS_ERROR_STATE: return "DEMUCS_ERROR_STATE";
    case DEMUCS_ERROR_CANCELLED: return "DEMUCS_ERROR_CANCELLED";
    }
    return "DEMUCS_ERROR_?";
}
