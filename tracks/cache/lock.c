/* lock.c - see lock.h */
#include "tracks/cache/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_LOOK_MILLISECONDS = 2, LOOK_MILLISECONDS = 100 };

/* Whether the open file still is the one of that name: whoever had it before removes it. */
static bool is_current(int file, const char *path)
{
    struct stat open_one, named;
    return fstat(file, &open_one) == 0 && stat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

static bool is_held(int file)
{
    int result;
    do result = flock(file, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result != 0 && errno == EWOULDBLOCK;
}

int dmx_lock_take(const char *path, const dmx_lock_wait *wait, demucs_error *error)
{
    char reason[DMX_REASON];
    long milliseconds = FIRST_LOOK_MILLISECONDS;
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file < 0) {
            dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot lock: %s", dmx_reason(reason, errno));
            return -1;
        }
        bool free_now;
        while (!(free_now = !is_held(file)) && is_current(file, path)) {
            if (wait->give_up(wait->user, error)) {
                close(file);
                return -1;
            }
            nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
            milliseconds = milliseconds < LOOK_MILLISECONDS / 2 ? 2 * milliseconds : LOOK_MILLISECONDS;
        }
        if (free_now && is_current(file, path)) return file;
        close(file);
    }
}

int dmx_lock_try(const char *path)
{
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || (!is_held(file) && is_current(file, path))) return file;
    close(file);
    return -1;
}

void dmx_lock_end(int lock, const char *path)
{
    if (lock < 0) return;
    unlink(path);
    close(lock);
}
