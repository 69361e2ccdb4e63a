/* temporary.c - see temporary.h */
#include "temporary.h"

#include "base/error.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *temporary_folder(demucs_error *why)
{
    const char *chosen = getenv("TMPDIR"), *parent = chosen != NULL && chosen[0] != '\0' ? chosen : "/tmp";
    char reason[DMX_REASON];
    char *path = memory_text("%s/demucs-bench-XXXXXX", parent);
    if (mkdtemp(path) != NULL) return path;
    dmx_fail(why, DEMUCS_ERROR_IO, "cannot make a folder in %s: %s; set TMPDIR to one that can be written to", parent,
             dmx_reason(reason, errno));
    free(path);
    return NULL;
}
