/* cache.c - see cache.h */
#include "hub/cache.h"

#include "base/file.h"
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------------------------------- folders ---- */

/* XDG: a variable that is not an absolute path counts as unset. DEMUCS_CACHE is the user's own word and may be any. */
bool hub_cache_path(char out[HUB_PATH_MAX], demucs_error *error)
{
    const char *own = getenv("DEMUCS_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own != NULL && own[0] != '\0') return hub_path(out, error, "%s", own);
    if (xdg != NULL && xdg[0] == '/') return hub_path(out, error, "%s/demucs", xdg);
    if (home != NULL && home[0] == '/') return hub_path(out, error, "%s/.cache/demucs", home);
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "no cache folder: set DEMUCS_CACHE to one, since HOME is not set");
}

char *hub_cache_folder(void)
{
    char path[HUB_PATH_MAX];
    return hub_cache_path(path, NULL) ? strdup(path) : NULL;
}

bool hub_make_folder(const char *path, demucs_error *error)
{
    demucs_error why = {0};
    if (dmx_folder_make(path, NULL, &why) == DEMUCS_OK) return true;
    return !dmx_fail(error, why.status, "%s; DEMUCS_CACHE can name another cache folder", why.message);
}

/* A folder that is found cannot be trusted: it may be a link to one that has other things, or belong to somebody else.
 */
bool hub_make_work_folder(char work[HUB_PATH_MAX], const char *folder, demucs_error *error)
{
    char reason[DMX_REASON];
    if (!hub_path(work, error, "%s/.npm", folder)) return false;
    dmx_folder_remove(work);
    if (mkdir(work, 0700) == 0) return true;
    return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot create the work folder %s: %s; remove what is there, if anything",
                     work, dmx_reason(reason, errno));
}

/* ------------------------------------------------------------------------------------------------------ locks ---- */

/* The lock file, open, or -1 and errno. A link is not followed, neither the folder nor the file. */
static int open_lock(const char *locks, const char *name)
{
    int folder = open(locks, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return -1;
    int file = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666), reason = errno;
    close(folder);
    errno = reason;
    return file;
}

/* Lock files are never removed: a process that waits on a removed one would hold a lock that nobody else sees. */
int hub_lock(const char *folder, const char *name, const hub_options *options, demucs_error *error)
{
    char path[HUB_PATH_MAX], reason[DMX_REASON];
    if (!hub_path(path, error, "%s/.locks", folder) || !hub_make_folder(path, error)) return -1;
    int fd = open_lock(path, name);
    if (fd < 0) {
        dmx_fail(error, DEMUCS_ERROR_IO, "cannot open the lock file %s/%s: %s", path, name, dmx_reason(reason, errno));
        return -1;
    }
    for (bool told = false; flock(fd, LOCK_EX | LOCK_NB) != 0; told = true) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            dmx_fail(error, DEMUCS_ERROR_IO, "cannot lock %s/%s: %s; set DEMUCS_CACHE to a folder on a local disk",
                     path, name, dmx_reason(reason, errno));
            close(fd);
            return -1;
        }
        if (!told) hub_note(options, "another process is fetching %s: waiting for it", name);
        if (hub_stopped(options, name)) {
            dmx_fail(error, DEMUCS_ERROR_CANCELLED, "stopped while waiting for another process that fetches %s", name);
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return fd;
}

void hub_unlock(int handle)
{
    if (handle >= 0) close(handle);
}

/* ------------------------------------------------------------------------------------------- files that appear ---- */

size_t hub_read_start(const char *path, char *bytes, size_t size)
{
    size_t have = 0;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    while (have < size && ((got = read(fd, bytes + have, size - have)) > 0 || (got < 0 && errno == EINTR)))
        have += got > 0 ? (size_t)got : 0;
    close(fd);
    return have;
}

bool hub_write_text(const char *path, const char *text, demucs_error *error)
{
    dmx_file *file = NULL;
    if (dmx_file_create(&file, path, error) != DEMUCS_OK) return false;
    dmx_file_write(file, text, strlen(text));
    return dmx_file_commit(file, error) == DEMUCS_OK;
}

/* A second line, a comment to sha256sum, says that nobody vouched for the bytes. */
#define OF_WHAT_ARRIVED "# the sum of what arrived: that of the original is not known"

bool hub_sum_write(const char *path, const char *digest, bool known, demucs_error *error)
{
    char beside[HUB_PATH_MAX], text[HUB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    return hub_path(beside, error, "%s.sha256", path) &&
           hub_path(text, error, "%s  %s\n%s", digest, slash != NULL ? slash + 1 : path,
                    known ? "" : OF_WHAT_ARRIVED "\n") &&
           hub_write_text(beside, text, error);
}

bool hub_sum_read(const char *path, char digest[65], bool *known)
{
    char beside[HUB_PATH_MAX], line[HUB_PATH_MAX] = "";
    if (!hub_path(beside, NULL, "%s.sha256", path)) return false;
    if (hub_read_start(beside, line, sizeof line - 1) < 66 || !hub_is_hex(line, 64) || line[64] != ' ') return false;
    *known = strstr(line, "\n" OF_WHAT_ARRIVED) == NULL;
    memcpy(digest, line, 64);
    digest[64] = '\0';
    return true;
}
