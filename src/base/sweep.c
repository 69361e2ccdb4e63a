/* sweep.c - see sweep.h */
#include "base/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool dmx_temporary_lock(int file)
{
    struct stat info;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    return fstat(file, &info) != 0 || info.st_nlink > 0;
}

bool dmx_temporary_share(int file) { return flock(file, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

/* ".NAME.partial-PID-N", as file.c makes them. */
static bool is_temporary_name(const char *name)
{
    static const char mark[] = ".partial-", digits[] = "0123456789";
    const char *at = NULL;
    for (const char *next = name; (next = strstr(next, mark)) != NULL; next++) at = next;
    if (name[0] != '.' || at == NULL) return false;
    at += strlen(mark);
    const size_t process = strspn(at, digits);
    if (process == 0 || at[process] != '-') return false;
    at += process + 1;
    const size_t number = strspn(at, digits);
    return number > 0 && at[number] == '\0';
}

/* A regular file of this user that still has this name. It may have others (dmx_file_link), which it keeps. */
static bool is_ours(int folder, const char *name, int file)
{
    struct stat open_one, named;
    return fstat(file, &open_one) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(open_one.st_mode) && open_one.st_uid == geteuid() && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

static void remove_if_dead(int folder, const char *name)
{
    int file = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_ours(folder, name, file)) unlinkat(folder, name, 0);
    close(file);
}

void dmx_temporary_sweep(int folder)
{
    static _Atomic uint64_t last; /* the folder looked through last, or nearly so: a flat one may have many files */
    struct stat info;
    if (fstat(folder, &info) != 0) return;
    const uint64_t this = (uint64_t)info.st_dev * 0x9e3779b97f4a7c15u + (uint64_t)info.st_ino + 1;
    if (atomic_exchange(&last, this) == this) return;
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again >= 0 ? fdopendir(again) : NULL;
    if (entries == NULL) {
        if (again >= 0) close(again);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (is_temporary_name(entry->d_name)) remove_if_dead(folder, entry->d_name);
    closedir(entries);
}
