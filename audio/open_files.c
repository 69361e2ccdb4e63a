/* open_files.c - see open_files.h
 *
 * An array of atomic pointers: no lock that a handler could find taken, and nothing that a handler may not call. A path
 * changes hands by an atomic exchange, so exactly one side owns it; when that is the handler the path is never freed,
 * which does not matter, because the process is about to end. */
#include "audio/open_files.h"

#include "audio/audio.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#define SLOTS 1024 /* a separation writes a handful of files at a time; a server some hundred */

static _Atomic(char *) open_files[SLOTS];

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a signal handler needs lock-free pointers");

bool audio_open_files_add(char *path)
{
    for (int i = 0; i < SLOTS; i++) {
        char *expected = NULL;
        if (atomic_compare_exchange_strong(&open_files[i], &expected, path)) return true;
    }
    return false;
}

bool audio_open_files_remove(char *path)
{
    for (int i = 0; i < SLOTS; i++) {
        char *expected = path;
        if (atomic_compare_exchange_strong(&open_files[i], &expected, NULL)) return true;
    }
    return false;
}

void audio_writers_unlink_all(void)
{
    int saved_errno = errno;
    for (int i = 0; i < SLOTS; i++) {
        char *path = atomic_exchange(&open_files[i], NULL);
        if (path != NULL) unlink(path);
    }
    errno = saved_errno;
}
