/* temporary.c - see temporary.h */
#include "temporary.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *temporary_folder(failure *why)
{
    const char *chosen = getenv("TMPDIR"), *parent = chosen != NULL && chosen[0] != '\0' ? chosen : "/tmp";
    char *path = memory_text("%s/demucs-bench-XXXXXX", parent);
    if (mkdtemp(path) != NULL) return path;
    fail(why, "cannot make a folder in %s: %s; set TMPDIR to one that can be written to", parent, strerror(errno));
    free(path);
    return NULL;
}

void temporary_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *path = memory_text("%s/%s", folder, entry->d_name);
        struct stat facts;
        if (lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) /* a link is removed, not followed */
            temporary_remove(path);
        else
            unlink(path);
        free(path);
    }
    if (entries != NULL) closedir(entries);
    rmdir(folder);
}
