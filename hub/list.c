/* list.c - hub_list and hub_verify: what there is, and whether it is right. */
#include "base/alloc.h"
#include "base/bag.h"
#include "hub/cache.h"
#include "hub/local.h"
#include "hub/resolve.h"
#include "hub/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------- gathering ----- */

typedef struct item {
    char name[2 * HUB_NAME_MAX + 8]; /* room for hf://NAMESPACE/NAME */
    const char *description;         /* static */
    bool bag, local;
} item;

typedef struct item_list {
    item *items;
    size_t count, capacity;
    bool failed; /* out of memory */
} item_list;

static void add(item_list *list, const char *name, const char *description, bool bag, bool local)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].bag == bag && strcmp(list->items[i].name, name) == 0) return;
    item *grown = dmx_make_room(list->items, list->count, &list->capacity, sizeof *grown);
    if (grown == NULL) {
        list->failed = true;
        return;
    }
    list->items = grown;
    item *new = &list->items[list->count++];
    snprintf(new->name, sizeof new->name, "%s", name);
    new->description = description;
    new->bag = bag;
    new->local = local;
}

/* Are all members of a bag that the registry knows in the folder, under whatever names? */
static bool known_bag_is_local(const hub_registry *registry, const hub_known_bag *known, const char *folder)
{
    dmx_bag bag;
    hub_local local;
    if (dmx_bag_parse(&bag, known->name, known->yaml, strlen(known->yaml), NULL) != DEMUCS_OK) return false;
    bool complete = true;
    for (size_t i = 0; complete && i < bag.count; i++)
        complete = hub_find_member(&local, folder, bag.signatures[i], registry, NULL) == HUB_GOT;
    dmx_bag_clear(&bag);
    return complete;
}

static void add_known(item_list *list, const hub_registry *registry, const char *folder, bool bags)
{
    for (size_t i = 0; bags && i < registry->bag_count; i++)
        add(list, registry->bags[i].name, registry->bags[i].description, true,
            known_bag_is_local(registry, &registry->bags[i], folder));
    for (size_t i = 0; !bags && i < registry->file_count; i++) {
        char signature[64];
        hub_local local;
        hub_known_file_signature(&registry->files[i], signature);
        add(list, signature, "", false, hub_find_member(&local, folder, signature, registry, NULL) == HUB_GOT);
    }
}

/* The stem of a bag or model file; false for other files. */
static bool stem_of(const char *file_name, bool bags, char stem[HUB_NAME_MAX + 1])
{
    char sum[65];
    const char *suffix = bags ? ".yaml" : ".safetensors";
    if (!bags && hub_split_th_name(file_name, stem, sum)) return true;
    if (!hub_has_suffix(file_name, suffix)) return false;
    size_t length = strlen(file_name) - strlen(suffix);
    if (length > HUB_NAME_MAX) return false;
    memcpy(stem, file_name, length);
    stem[length] = '\0';
    return hub_name_is_plain(stem);
}

/* What lies in a folder: its bags, or its single models. */
static void add_folder(item_list *list, const char *folder, bool bags, const char *prefix)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char stem[HUB_NAME_MAX + 1], name[2 * HUB_NAME_MAX + 8], path[HUB_PATH_MAX];
        if (stem_of(entries[i]->d_name, bags, stem) && hub_path(path, NULL, "%s/%s", folder, entries[i]->d_name) &&
            hub_is_file(path)) {
            snprintf(name, sizeof name, "%s%s", prefix, stem);
            add(list, name, "", bags, !bags || hub_check_bag_file(path, false, NULL) == HUB_GOT);
        }
        free(entries[i]);
    }
    free(entries);
}

static void add_namespaces(item_list *list, const char *cache)
{
    struct dirent **entries = NULL;
    char all[HUB_PATH_MAX];
    int count = hub_path(all, NULL, "%s/hf", cache) ? scandir(all, &entries, NULL, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        char folder[HUB_PATH_MAX], prefix[HUB_NAME_MAX + 8];
        if (hub_name_is_safe(entries[i]->d_name) && hub_path(folder, NULL, "%s/%s", all, entries[i]->d_name)) {
            snprintf(prefix, sizeof prefix, "hf://%.*s/", HUB_NAME_MAX, entries[i]->d_name);
            add_folder(list, folder, true, prefix);
        }
        free(entries[i]);
    }
    free(entries);
}

/* One block: the entries, then their names. */
static hub_entry *pack(const item_list *list, size_t *count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < list->count; i++) bytes += strlen(list->items[i].name) + 1;
    hub_entry *entries = malloc((list->count + 1) * sizeof *entries + bytes);
    if (entries == NULL) return NULL;
    char *text = (char *)(entries + list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const item *from = &list->items[i];
        strcpy(text, from->name);
        entries[i] = (hub_entry){text, from->description, from->bag, from->local};
        text += strlen(text) + 1;
    }
    *count = list->count;
    return entries;
}

/* The cache, which may not be there yet; but what is there must be readable. */
static bool find_cache(char cache[HUB_PATH_MAX], demucs_error *error)
{
    char reason[DMX_REASON];
    if (!hub_cache_path(cache, error)) return false;
    DIR *folder = opendir(cache);
    const int failure = errno;
    if (folder != NULL) closedir(folder);
    return folder != NULL || failure == ENOENT ||
           !dmx_fail(error, DEMUCS_ERROR_IO, "cannot read the cache folder %s: %s", cache, dmx_reason(reason, failure));
}

hub_entry *hub_list(const char *repo, size_t *count, demucs_error *error)
{
    item_list list = {0};
    char cache[HUB_PATH_MAX];
    hub_entry *entries = NULL;
    dmx_error_clear(error);
    *count = 0;
    if (repo != NULL ? !hub_check_repo(repo, error) : !find_cache(cache, error)) return NULL;
    for (int single = 0; single < 2; single++) {
        if (repo == NULL) add_known(&list, &hub_official_registry, cache, !single);
        add_folder(&list, repo != NULL ? repo : cache, !single, "");
        if (repo == NULL && !single) add_namespaces(&list, cache);
    }
    if (!list.failed) entries = pack(&list, count);
    if (entries == NULL) dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory");
    dmx_free(list.items);
    return entries;
}

/* ------------------------------------------------------------------------------------------------- verifying ----- */

typedef struct verification {
    const hub_registry *registry;
    void (*report)(const char *path, const char *what, void *user);
    void *user;
    bool good;
} verification;

/* A file without a sum of its own may still be the official one. */
static const char *without_sum(const hub_registry *registry, const char *path, bool arrived)
{
    char signature[HUB_NAME_MAX + 1];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const hub_known_file *known = stem_of(name, false, signature) ? hub_known_file_find(registry, signature) : NULL;
    const char *official = known == NULL                          ? NULL
                           : hub_has_suffix(name, ".th")          ? known->legacy_sha256
                           : hub_has_suffix(name, ".safetensors") ? known->safetensors_sha256
                                                                  : NULL;
    return official != NULL && hub_sha256_check(path, official, NULL) ? "ok"
           : arrived                                                  ? "as it arrived; no known checksum"
                                                                      : "no known checksum";
}

/* Report on one file; v->good says in the end whether all were right. */
static bool verify_file(const hub_local *local, void *user, demucs_error *error)
{
    (void)error;
    verification *v = user;
    demucs_error wrong = {0};
    const char *what = "ok";
    if (local->sum[0] == '\0') {
        what = without_sum(v->registry, local->path, false);
    } else if (!hub_check_member(local, &wrong)) {
        what = wrong.message;
        v->good = false;
    } else if (local->arrived) {
        what = without_sum(v->registry, local->path, true);
    }
    if (v->report != NULL) v->report(local->path, what, v->user);
    return true;
}

bool hub_verify_in(const hub_registry *registry, const char *name, const hub_options *options,
                   void (*report)(const char *path, const char *what, void *user), void *user, demucs_error *error)
{
    verification v = {.registry = registry, .report = report, .user = user, .good = true};
    hub_local local;
    char *path = hub_resolve_in(registry, name, options, HUB_LOCAL_UNCHECKED, error);
    if (path == NULL) return false;
    bool complete = true;
    if (hub_has_suffix(path, ".yaml")) {
        complete = hub_each_member(path, verify_file, &v, error) == HUB_GOT;
    } else {
        hub_local_from_path(&local, path, registry);
        verify_file(&local, &v, error);
    }
    free(path);
    if (complete && !v.good)
        dmx_fail(error, DEMUCS_ERROR_FORMAT,
                 "%s has files with wrong checksums: 'demucs-models fetch --force %s' brings it again", name, name);
    return complete && v.good;
}

bool hub_verify(const char *name, const hub_options *options,
                void (*report)(const char *path, const char *what, void *user), void *user, demucs_error *error)
{
    return hub_verify_in(&hub_official_registry, name, options, report, user, error);
}
