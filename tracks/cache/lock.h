/* lock.h - a file that is locked, for as long as somebody works: the lock ends with the process, however it ends. */
#ifndef DMX_CACHE_LOCK_H
#define DMX_CACHE_LOCK_H

#include "base/error.h"

/* Whether to give up waiting; asked ten times a second, and more often at first. */
typedef struct dmx_lock_wait {
    bool (*give_up)(void *user, demucs_error *error); /* true: with a failure in `error` */
    void *user;
} dmx_lock_wait;

/* Lock the file `path`, which is made where it is missing, and wait while somebody else has it. -1 on failure (IO, or
 * that of `wait`). Where the file system knows no locks, nobody has to wait. */
int dmx_lock_take(const char *path, const dmx_lock_wait *wait, demucs_error *error);

/* The same without waiting, for a file or folder that is there: -1 when somebody has it, or it is not there. */
int dmx_lock_try(const char *path);

/* Remove the file, and end the lock. */
void dmx_lock_end(int lock, const char *path);

#endif
