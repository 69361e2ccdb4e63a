/* local.c - see local.h */
#include "hub/local.h"

#include "base/alloc.h"
#include "base/bag.h"
#include "hub/cache.h"
#include "hub/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool hub_is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool hub_check_repo(const char *repo, demucs_error *error)
{
    char reason[DMX_REASON];
    DIR *folder = opendir(repo);
    const int failure = errno;
    if (folder != NULL) {
        closedir(folder);
        return true;
    }
    if (failure == ENOENT)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the folder %s given as --repo does not exist", repo);
    if (failure == ENOTDIR) return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s given as --repo is not a folder", repo);
    return !dmx_fail(error, DEMUCS_ERROR_IO, "the folder %s given as --repo cannot be read: %s", repo,
                     dmx_reason(reason, failure));
}

/* Take over the sum beside the file, if there is one. */
static void read_sum_beside(hub_local *local)
{
    bool known = true;
    if (hub_sum_read(local->path, local->sum, &known)) local->arrived = !known;
}

bool hub_split_th_name(const char *file_name, char signature[HUB_NAME_MAX + 1], char sum[65])
{
    size_t length = strlen(file_name);
    if (!hub_has_suffix(file_name, ".th") || length - 3 > HUB_NAME_MAX) return false;
    memcpy(signature, file_name, length - 3);
    signature[length - 3] = '\0';
    sum[0] = '\0';
    char *dash = strrchr(signature, '-');
    size_t digits = dash != NULL ? strlen(dash + 1) : 0;
    if (digits > 0 && digits <= 64 && hub_is_hex(dash + 1, digits)) {
        strcpy(sum, dash + 1);
        *dash = '\0';
    }
    return hub_name_is_plain(signature);
}

hub_outcome hub_find_member(hub_local *local, const char *folder, const char *signature, const hub_registry *registry,
                            demucs_error *error)
{
    char *path = NULL, found[HUB_NAME_MAX + 1];
    local->sum[0] = '\0';
    local->arrived = false;
    if (dmx_bag_find_member(&path, folder, signature, error) != DEMUCS_OK) return HUB_BROKEN;
    if (path != NULL) {
        const bool fits = hub_path(local->path, error, "%s", path);
        dmx_free(path);
        if (!fits) return HUB_BROKEN;
        if (!hub_split_th_name(strrchr(local->path, '/') + 1, found, local->sum)) read_sum_beside(local);
        return HUB_GOT;
    }
    const hub_npm_package *npm = registry != NULL ? registry->npm : NULL;
    if (npm == NULL || strcmp(npm->signature, signature) != 0) return HUB_ABSENT;
    if (!hub_path(local->path, error, "%s/%s", folder, npm->file)) return HUB_BROKEN;
    strcpy(local->sum, npm->sha256);
    return hub_is_file(local->path) ? HUB_GOT : HUB_ABSENT;
}

bool hub_check_member(const hub_local *local, demucs_error *error)
{
    return local->sum[0] == '\0' || hub_sha256_check(local->path, local->sum, error);
}

/* The folder of a path, "." for a bare name. */
static void folder_of(char folder[HUB_PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        snprintf(folder, HUB_PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* In a file name that a user made up, fewer digits may be an accident. */
#define MIN_SUM_DIGITS 8

void hub_local_from_path(hub_local *local, const char *path, const hub_registry *registry)
{
    char signature[HUB_NAME_MAX + 1], sum[65];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    snprintf(local->path, sizeof local->path, "%s", path);
    local->sum[0] = '\0';
    local->arrived = false;
    if (hub_split_th_name(name, signature, sum) && strlen(sum) >= MIN_SUM_DIGITS)
        strcpy(local->sum, sum);
    else if (hub_has_suffix(name, ".safetensors"))
        read_sum_beside(local);
    else if (registry->npm != NULL && strcmp(name, registry->npm->file) == 0)
        strcpy(local->sum, registry->npm->sha256);
}

hub_outcome hub_each_member(const char *bag_path, hub_member_fn run, void *user, demucs_error *error)
{
    dmx_bag bag;
    hub_local local;
    char folder[HUB_PATH_MAX];
    if (dmx_bag_read(&bag, bag_path, error) != DEMUCS_OK) return HUB_BROKEN;
    folder_of(folder, bag_path);
    hub_outcome outcome = HUB_GOT;
    for (size_t i = 0; outcome == HUB_GOT && i < bag.count; i++) {
        const char *signature = bag.signatures[i];
        if (dmx_bag_repeats(&bag, i)) continue;
        outcome = hub_find_member(&local, folder, signature, NULL, error);
        if (outcome == HUB_ABSENT)
            dmx_fail(error, DEMUCS_ERROR_IO,
                     "the bag %s needs the model %s, and there is no %s.safetensors or %s-SUM.th beside it", bag_path,
                     signature, signature, signature);
        if (outcome == HUB_GOT && !run(&local, user, error)) outcome = HUB_BROKEN;
    }
    dmx_bag_clear(&bag);
    return outcome;
}

static bool check_one(const hub_local *local, void *user, demucs_error *error)
{
    const bool *check = user;
    return !*check || hub_check_member(local, error);
}

hub_outcome hub_check_bag_file(const char *path, bool check, demucs_error *error)
{
    return hub_each_member(path, check_one, &check, error);
}

/* HUB_GOT, or HUB_BROKEN when the sum is wrong. */
static hub_outcome deliver(char path[HUB_PATH_MAX], const hub_local *local, bool check, demucs_error *error)
{
    strcpy(path, local->path);
    return !check || hub_check_member(local, error) ? HUB_GOT : HUB_BROKEN;
}

hub_outcome hub_find_in_folder(char path[HUB_PATH_MAX], const char *folder, const char *name,
                               const hub_registry *registry, bool check, demucs_error *error)
{
    hub_local local;
    demucs_error missing = {0};
    const hub_npm_package *npm = registry->npm;
    hub_outcome outcome = hub_find_member(&local, folder, name, registry, error);
    if (outcome == HUB_GOT) return deliver(path, &local, check, error);
    if (outcome != HUB_ABSENT || !hub_path(path, error, "%s/%s.yaml", folder, name)) return HUB_BROKEN;
    if (hub_is_file(path)) outcome = hub_check_bag_file(path, check, &missing);
    if (outcome == HUB_GOT) return HUB_GOT;
    /* No whole bag, but maybe the one file that stands for it. */
    if (outcome == HUB_ABSENT && npm != NULL && strcmp(npm->bag, name) == 0) {
        outcome = hub_find_member(&local, folder, npm->signature, registry, error);
        if (outcome == HUB_GOT) return deliver(path, &local, check, error);
    }
    if (missing.message[0] != '\0') dmx_fail(error, missing.status, "%s", missing.message);
    return outcome;
}
