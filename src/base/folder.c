/* folder.c - see folder.h */
#include "base/folder.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ATTEMPTS = 10 };

/* Cut the slashes at the end of a path, but for one that is all of it. */
static void cut_slashes(char *path)
{
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--) path[length - 1] = '\0';
}

/* Create what is missing of `part`, whose text is back in the end; how many were made. *last is whether the last one
 * was, *failure the errno of the first that was neither made nor there: those inside it only fail for the want of it.
 */
static int make_all(char *part, bool *last, int *failure)
{
    int count = 0;
    *failure = 0;
    /* Failures on the way do not matter: a parent may be there already, or be one that we may not even try to create.
     */
    for (char *at = part + (*part != '\0');; at++) {
        const char kept = *at;
        if (kept != '/' && kept != '\0') continue;
        *at = '\0';
        *last = mkdir(part, 0777) == 0;
        count += *last;
        if (!*last && (*failure == 0 || *failure == EEXIST)) *failure = errno;
        if (kept == '\0') return count;
        *at = kept;
    }
}

demucs_status dmx_folder_make(const char *path, int *made, demucs_error *error)
{
    char *part = dmx_strdup(path), reason[DMX_REASON];
    bool there = false;
    int count = 0, failure = 0;
    if (made != NULL) *made = 0;
    if (part == NULL) return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to create a folder");
    cut_slashes(part);
    /* Somebody who made one of them may just be removing it again: then once more. */
    for (int attempt = 0; attempt < MAX_ATTEMPTS && !there; attempt++) {
        struct stat info;
        count = make_all(part, &there, &failure);
        there = there || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
    }
    dmx_free(part);
    if (!there)
        return dmx_fail(error, DEMUCS_ERROR_IO, "cannot create the folder %s: %s", path, dmx_reason(reason, failure));
    if (made != NULL) *made = count;
    return DEMUCS_OK;
}

void dmx_folder_unmake(char *path, int made)
{
    for (; made > 0; made--) {
        cut_slashes(path);
        char *slash = strrchr(path, '/');
        if (rmdir(path) != 0 || slash == NULL) break;
        slash[slash == path] = '\0';
    }
}

/* Remove what the folder `name` in `parent` holds, and then itself. */
static void remove_in(int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = folder >= 0 ? fdopendir(folder) : NULL;
    if (entries == NULL) {
        if (folder >= 0) close(folder);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(folder, entry->d_name, 0) != 0) remove_in(folder, entry->d_name); /* a folder cannot be unlinked */
    }
    closedir(entries);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void dmx_folder_remove(const char *path)
{
    if (unlink(path) != 0) remove_in(AT_FDCWD, path); /* a link goes itself */
}
