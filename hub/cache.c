/* cache.c - see cache.h */
#include "hub/cache.h"

#include <dirent.h>
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
bool hub_cache_path(char out[HUB_PATH_MAX], hub_error *error)
{
    const char *own = getenv("DEMUCS_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own != NULL && own[0] != '\0') return hub_path(out, error, "%s", own);
    if (xdg != NULL && xdg[0] == '/') return hub_path(out, error, "%s/demucs", xdg);
    if (home != NULL && home[0] == '/') return hub_path(out, error, "%s/.cache/demucs", home);
    return hub_fail(error, "no cache folder: set DEMUCS_CACHE to one, since HOME is not set");
}

char *hub_cache_folder(void)
{
    char path[HUB_PATH_MAX];
    return hub_cache_path(path, NULL) ? strdup(path) : NULL;
}

bool hub_make_folder(const char *path, hub_error *error)
{
    char part[HUB_PATH_MAX];
    if (!hub_path(part, error, "%s", path)) return false;
    for (char *c = part + 1;; c++) {
        if (*c != '/' && *c != '\0') continue;
        char kept = *c;
        *c = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return hub_fail(error, "cannot create the folder %s: %s; DEMUCS_CACHE can name another cache folder", part,
                            strerror(errno));
        if (kept == '\0') break;
        *c = kept;
    }
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return true;
    return hub_fail(error, "%s is in the way of a folder", path);
}

void hub_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inner[HUB_PATH_MAX];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (!hub_path(inner, NULL, "%s/%s", path, entry->d_name) || lstat(inner, &status) != 0) continue;
        if (S_ISDIR(status.st_mode))
            hub_remove_folder(inner);
        else
            unlink(inner);
    }
    closedir(folder);
    rmdir(path);
}

/* ------------------------------------------------------------------------------------------------------ locks ---- */

/* Lock files are never removed: a process that waits on a removed one would hold a lock that nobody else sees. */
int hub_lock(const char *folder, const char *name, const hub_options *options, hub_error *error)
{
    char path[HUB_PATH_MAX];
    if (!hub_path(path, error, "%s/.locks", folder) || !hub_make_folder(path, error)) return -1;
    if (!hub_path(path, error, "%s/.locks/%s", folder, name)) return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        hub_fail(error, "cannot open the lock file %s: %s", path, strerror(errno));
        return -1;
    }
    for (bool told = false; flock(fd, LOCK_EX | LOCK_NB) != 0; told = true) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            hub_fail(error, "cannot lock %s: %s; set DEMUCS_CACHE to a folder on a local disk", path, strerror(errno));
            close(fd);
            return -1;
        }
        if (!told) hub_note(options, "another process is fetching %s: waiting for it", name);
        if (hub_stopped(options, name)) {
            hub_fail(error, "stopped while waiting for another process that fetches %s", name);
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

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return false;
    /* Some file systems cannot sync a folder and say EINVAL: they have done what they can. */
    bool done = fsync(fd) == 0 || errno == EINVAL;
    int kept = errno;
    close(fd);
    errno = kept;
    return done;
}

bool hub_commit(const char *temporary, const char *path, hub_error *error)
{
    char folder[HUB_PATH_MAX];
    if (!hub_path(folder, error, "%s", path)) return false;
    char *slash = strrchr(folder, '/');
    if (slash != NULL) slash[1] = '\0';
    if (!sync_path(temporary, O_RDWR) || rename(temporary, path) != 0)
        return hub_fail(error, "cannot write %s: %s", path, strerror(errno));
    sync_path(slash != NULL ? folder : ".", O_RDONLY);
    return true;
}

bool hub_write_text(const char *path, const char *text, hub_error *error)
{
    char temporary[HUB_PATH_MAX];
    if (!hub_path(temporary, error, "%s.XXXXXX", path)) return false;
    int fd = mkstemp(temporary);
    if (fd < 0) return hub_fail(error, "cannot write %s: %s", path, strerror(errno));
    size_t length = strlen(text);
    bool written = write(fd, text, length) == (ssize_t)length && fchmod(fd, 0644) == 0;
    if (close(fd) != 0) written = false;
    if (!written) hub_fail(error, "cannot write %s: %s", path, strerror(errno));
    if (written && hub_commit(temporary, path, error)) return true;
    unlink(temporary);
    return false;
}

bool hub_sum_write(const char *path, const char *digest, hub_error *error)
{
    char beside[HUB_PATH_MAX], text[HUB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    return hub_path(beside, error, "%s.sha256", path) &&
           hub_path(text, error, "%s  %s\n", digest, slash != NULL ? slash + 1 : path) &&
           hub_write_text(beside, text, error);
}

bool hub_sum_read(const char *path, char digest[65])
{
    char beside[HUB_PATH_MAX], line[80] = "";
    if (!hub_path(beside, NULL, "%s.sha256", path)) return false;
    FILE *file = fopen(beside, "r");
    if (file == NULL) return false;
    size_t got = fread(line, 1, 66, file);
    fclose(file);
    if (got < 66 || !hub_is_hex(line, 64) || line[64] != ' ') return false;
    memcpy(digest, line, 64);
    digest[64] = '\0';
    return true;
}
