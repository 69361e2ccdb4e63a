/* open_files.c - see open_files.h
 *
 * An array of atomic pointers: no lock that a handler could find taken, and nothing that a handler may not call. A file
 * changes hands by an atomic exchange, so exactly one side owns it; when that is the handler it is never freed, which
 * does not matter, because the process is about to end. */
#include "base/open_files.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#define SLOTS 1024 /* a separation writes a handful of files at a time; a server some hundred */

static _Atomic(dmx_open_file *) open_files[SLOTS];

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "a signal handler needs lock-free pointers");

bool dmx_open_files_add(dmx_open_file *file)
{
    for (int i = 0; i < SLOTS; i++) {
        dmx_open_file *expected = NULL;
        if (atomic_compare_exchange_strong(&open_files[i], &expected, file)) return true;
    }
    return false;
}

bool dmx_open_files_remove(dmx_open_file *file)
{
    for (int i = 0; i < SLOTS; i++) {
        dmx_open_file *expected = file;
        if (atomic_compare_exchange_strong(&open_files[i], &expected, NULL)) return true;
    }
    return false;
}

void dmx_files_unlink_all(void)
{
    int saved_errno = errno;
    for (int i = 0; i < SLOTS; i++) {
        dmx_open_file *file = atomic_exchange(&open_files[i], NULL);
        if (file != NULL) unlinkat(file->folder, file->name, 0);
    }
    errno = saved_errno;
}
