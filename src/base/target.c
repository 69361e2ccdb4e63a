/* target.c - see target.h. Everything goes by open folders, so that a folder that is renamed meanwhile leads nowhere
 * else. */
#define _XOPEN_SOURCE 700 /* S_ISVTX */

#include "base/target.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40, MAX_TEXT = 4096 };

/* The folder of `path`, seen from `from`, and the name in it. */
static int open_from(int from, const char *path, int *folder, char **name)
{
    const char *slash = strrchr(path, '/');
    char *before = slash != NULL ? dmx_strndup(path, (size_t)(slash - path) + 1) : dmx_strdup(".");
    int failure = 0;
    *folder = -1;
    *name = dmx_strdup(slash != NULL ? slash + 1 : path);
    if (before == NULL || *name == NULL)
        failure = ENOMEM;
    else if ((*folder = openat(from, before, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        failure = errno;
    dmx_free(before);
    if (failure == 0) return 0;
    dmx_free(*name);
    *name = NULL;
    return failure;
}

int dmx_target_open(const char *path, int *folder, char **name) { return open_from(AT_FDCWD, path, folder, name); }

static bool is_ours(uid_t owner) { return owner == geteuid() || owner == 0; }

static bool may_follow(int folder, const struct stat *link)
{
    struct stat info;
    if (fstat(folder, &info) != 0) return false;
    const bool shared = !is_ours(info.st_uid) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    const bool lawless = (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0;
    return !shared || (!lawless && is_ours(link->st_uid));
}

int dmx_target_follow(int *folder, char **name)
{
    for (int i = 0; i < MAX_LINKS; i++) {
        struct stat info;
        char text[MAX_TEXT];
        if (fstatat(*folder, *name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(info.st_mode)) return 0;
        if (!may_follow(*folder, &info)) return DMX_TARGET_UNSAFE;
        const ssize_t length = readlinkat(*folder, *name, text, sizeof text);
        if (length < 0 || length == sizeof text) return length < 0 ? errno : ENAMETOOLONG;
        text[length] = '\0';
        int next;
        char *next_name;
        const int failure = open_from(*folder, text, &next, &next_name);
        if (failure != 0) return failure;
        close(*folder);
        dmx_free(*name);
        *folder = next;
        *name = next_name;
    }
    return ELOOP;
}

void dmx_target_remove(const char *path)
{
    int folder;
    char *name;
    if (dmx_target_open(path, &folder, &name) != 0) return;
    if (dmx_target_follow(&folder, &name) == 0) unlinkat(folder, name, 0);
    close(folder);
    dmx_free(name);
}
