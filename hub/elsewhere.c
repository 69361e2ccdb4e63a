/* elsewhere.c - see elsewhere.h */
#define _XOPEN_SOURCE 700 /* realpath */
#include "hub/elsewhere.h"

#include "hub/cache.h"
#include "hub/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* $VARIABLE, else the folder `name` where such caches are. */
static bool cache_of(char out[HUB_PATH_MAX], const char *variable, const char *name)
{
    const char *own = getenv(variable), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own != NULL && own[0] != '\0') return hub_path(out, NULL, "%s", own);
    if (xdg != NULL && xdg[0] == '/') return hub_path(out, NULL, "%s/%s", xdg, name);
    return home != NULL && home[0] == '/' && hub_path(out, NULL, "%s/.cache/%s", home, name);
}

static void note_failure(hub_found *found, const char *path, int failure)
{
    found->failure = failure == ENOENT || failure == ENOTDIR ? 0 : failure;
    hub_path(found->path, NULL, "%s", path);
}

static bool take(hub_found *found, const char *path)
{
    char *real = realpath(path, NULL);
    const bool there = real != NULL && hub_is_file(real) && hub_path(found->path, NULL, "%s", real);
    found->sum[0] = '\0';
    if (real == NULL) note_failure(found, path, errno);
    free(real);
    return there;
}

bool hub_elsewhere_torch(hub_found *found, const char *file_name)
{
    char home[HUB_PATH_MAX], path[HUB_PATH_MAX];
    found->failure = 0;
    return cache_of(home, "TORCH_HOME", "torch") && hub_path(path, NULL, "%s/hub/checkpoints/%s", home, file_name) &&
           take(found, path);
}

/* The client's folder of repositories. */
static bool hugging_face_hub(char out[HUB_PATH_MAX])
{
    char home[HUB_PATH_MAX];
    const char *own = getenv("HF_HUB_CACHE");
    if (own != NULL && own[0] != '\0') return hub_path(out, NULL, "%s", own);
    return cache_of(home, "HF_HOME", "huggingface") && hub_path(out, NULL, "%s/hub", home);
}

#define REVISION_DIGITS 40 /* of a git commit */

bool hub_elsewhere_hugging_face(hub_found *found, const char *name_space, const char *repository, const char *file_name)
{
    char hub[HUB_PATH_MAX], path[HUB_PATH_MAX], revision[REVISION_DIGITS + 1] = "";
    found->failure = 0;
    if (!hugging_face_hub(hub) || !hub_path(path, NULL, "%s/models--%s--%s/refs/main", hub, name_space, repository))
        return false;
    errno = 0;
    if (hub_read_start(path, revision, REVISION_DIGITS) < REVISION_DIGITS) {
        note_failure(found, path, errno);
        return false;
    }
    if (!hub_is_hex(revision, REVISION_DIGITS) ||
        !hub_path(path, NULL, "%s/models--%s--%s/snapshots/%s/%s", hub, name_space, repository, revision, file_name) ||
        !take(found, path))
        return false;
    /* A large file is a link to blobs/SHA256. */
    const char *blob = strrchr(found->path, '/') + 1;
    if (strlen(blob) == 64 && hub_is_hex(blob, 64)) strcpy(found->sum, blob);
    return true;
}

bool hub_hugging_face_is_off(void)
{
    static const char *const yes[] = {"1", "ON", "YES", "TRUE"}; /* the client's own list */
    const char *value = getenv("HF_HUB_OFFLINE");
    for (size_t i = 0; value != NULL && i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(value, yes[i]) == 0) return true;
    return false;
}
