/* resolve.c - from a name to a path.
 *
 * A name is one of four things, told apart by its form alone, so that a folder called "htdemucs" in the working
 * directory does not matter: hf://[NAMESPACE/]NAME; a path (it ends in .th, .safetensors, .onnx or .yaml); with --repo
 * the name of a file in that folder; else a name of the registry or of something the user put into the cache. */
#include "hub/resolve.h"

#include "base/bag.h"
#include "hub/cache.h"
#include "hub/fetch.h"
#include "hub/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------- sentences ----- */

static void fail_unknown(const hub_registry *registry, const char *name, demucs_error *error)
{
    char shown[128], known[512] = "";
    for (size_t i = 0; i < registry->bag_count; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", registry->bags[i].name);
    }
    dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
             "unknown model '%s'; known are %s, the signatures that 'demucs-models list' shows, hf://[NAMESPACE/]NAME, "
             "and the path of a .th, .safetensors, .onnx or .yaml file",
             dmx_printable(shown, sizeof shown, name, strlen(name)), known);
}

static void fail_in_repo(const char *repo, const char *name, demucs_error *error)
{
    char known[512] = "", shown[128];
    size_t count = 0;
    hub_entry *entries = hub_list(repo, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", entries[i].name);
    }
    free(entries);
    dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "no model '%s' in the folder %s, which has %s",
             dmx_printable(shown, sizeof shown, name, strlen(name)), repo, known[0] != '\0' ? known : "none");
}

/* What was tried, and what would help. */
static void fail_to_get(const hub_job *job, const char *name, const char *signature, demucs_error *error)
{
    const hub_known_file *known = hub_known_file_find(job->registry, signature);
    char files[256];
    snprintf(files, sizeof files, "%s.safetensors%s%s", signature, known != NULL ? " or " : "",
             known != NULL ? hub_known_file_name(known) : "");
    if (job->offline)
        dmx_fail(
            error, DEMUCS_ERROR_IO,
            "the model %s is not on this machine and the network is off (DEMUCS_OFFLINE): run 'demucs-models fetch "
            "%s' without that, or put %s into %s",
            name, name, files, job->folder);
    else if (job->local_only)
        dmx_fail(error, DEMUCS_ERROR_IO,
                 "the model %s is not on this machine: run 'demucs-models fetch %s', or put %s into %s", name, name,
                 files, job->folder);
    else
        dmx_fail(
            error, DEMUCS_ERROR_IO,
            "the model %s %scannot be fetched (%s): run 'demucs-models fetch %s' when the network is there, or put "
            "%s into %s",
            name, job->options->force ? "" : "is not on this machine and ", job->tried, name, files, job->folder);
}

static void fail_stopped(const char *name, demucs_error *error)
{
    dmx_fail(error, DEMUCS_ERROR_CANCELLED, "fetching %s was stopped; the same command goes on where it ended", name);
}

/* -------------------------------------------------------------------------------------- paths and --repo folders -- */

static bool is_path(const char *name)
{
    return hub_has_suffix(name, ".th") || hub_has_suffix(name, ".safetensors") || hub_has_suffix(name, ".onnx") ||
           hub_has_suffix(name, ".yaml");
}

static bool resolve_path(char path[HUB_PATH_MAX], const hub_job *job, const char *name, demucs_error *error)
{
    struct stat status;
    hub_local local;
    if (!hub_path(path, error, "%s", name)) return false;
    char reason[DMX_REASON];
    if (stat(path, &status) != 0)
        return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot open %s: %s", path, dmx_reason(reason, errno));
    if (!S_ISREG(status.st_mode)) return !dmx_fail(error, DEMUCS_ERROR_IO, "%s is not a regular file", path);
    if (hub_has_suffix(path, ".yaml")) return hub_check_bag_file(path, !job->unchecked, error) == HUB_GOT;
    hub_local_from_path(&local, path, job->registry);
    return job->unchecked || hub_check_member(&local, error);
}

static bool resolve_in_repo(char path[HUB_PATH_MAX], const hub_job *job, const char *name, demucs_error *error)
{
    const char *repo = job->options->repo;
    char shown[128];
    if (!hub_check_repo(repo, error)) return false;
    if (!hub_name_is_plain(name))
        return !dmx_fail(
            error, DEMUCS_ERROR_ARGUMENT,
            "'%s' is not the name of a model in a --repo folder: it begins with '.' or '-', has a slash or "
            "control characters, or is too long",
            dmx_printable(shown, sizeof shown, name, strlen(name)));
    hub_outcome outcome = hub_find_in_folder(path, repo, name, job->registry, !job->unchecked, error);
    if (outcome == HUB_ABSENT && (error == NULL || error->message[0] == '\0')) fail_in_repo(repo, name, error);
    return outcome == HUB_GOT;
}

/* ------------------------------------------------------------------------------------------- cache and network ---- */

/* The first bag that lists the signature: its Hugging Face repository has the file. NULL when there is none. */
static const char *bag_of(const hub_registry *registry, const char *signature)
{
    const char *name = NULL;
    for (size_t i = 0; name == NULL && i < registry->bag_count; i++) {
        dmx_bag bag;
        const hub_known_bag *known = &registry->bags[i];
        dmx_bag_parse(&bag, known->name, known->yaml, strlen(known->yaml), NULL); /* empty when it fails */
        for (size_t m = 0; name == NULL && m < bag.count; m++)
            if (strcmp(bag.signatures[m], signature) == 0) name = known->name;
        dmx_bag_clear(&bag);
    }
    return name;
}

/* All members of a bag, which is cleared. `single` gets the file of the last one. */
static bool obtain_members(hub_local *single, hub_job *job, dmx_bag *bag, const char *name, const char *shown_name,
                           demucs_error *error)
{
    hub_outcome outcome = HUB_GOT;
    for (size_t i = 0; outcome == HUB_GOT && i < bag->count; i++) {
        if (dmx_bag_repeats(bag, i)) continue;
        outcome = hub_obtain_member(single, job, bag->signatures[i], name, error);
        if (outcome == HUB_STOPPED) fail_stopped(shown_name, error);
        if (outcome == HUB_ABSENT) fail_to_get(job, shown_name, bag->signatures[i], error);
    }
    dmx_bag_clear(bag);
    return outcome == HUB_GOT;
}

/* Write the bag file unless it already says just that: what is in the cache stays right by itself. */
static bool ensure_bag_file(const char *path, const char *yaml, demucs_error *error)
{
    char present[HUB_PATH_MAX] = "";
    size_t length = hub_read_start(path, present, sizeof present);
    return (length == strlen(yaml) && memcmp(present, yaml, length) == 0) || hub_write_text(path, yaml, error);
}

static bool resolve_known_bag(char path[HUB_PATH_MAX], hub_job *job, const hub_known_bag *known, demucs_error *error)
{
    dmx_bag bag;
    hub_local local;
    if (dmx_bag_parse(&bag, known->name, known->yaml, strlen(known->yaml), error) != DEMUCS_OK) return false;
    const bool alone = bag.count == 1;
    if (!obtain_members(&local, job, &bag, known->name, known->name, error)) return false;
    if (alone && hub_has_suffix(local.path, ".onnx")) return hub_path(path, error, "%s", local.path);
    return hub_path(path, error, "%s/%s.yaml", job->folder, known->name) && ensure_bag_file(path, known->yaml, error);
}

/* A bag that only Hugging Face knows. */
static bool resolve_foreign_bag(char path[HUB_PATH_MAX], hub_job *job, const char *name, const char *full_name,
                                demucs_error *error)
{
    dmx_bag bag;
    hub_local local;
    hub_outcome outcome = hub_obtain_bag_file(path, job, name, error);
    if (outcome == HUB_STOPPED) fail_stopped(full_name, error);
    if (outcome == HUB_ABSENT && job->local_only)
        dmx_fail(error, DEMUCS_ERROR_IO, "the model %s is not on this machine: run 'demucs-models fetch %s'", full_name,
                 full_name);
    if (outcome == HUB_ABSENT)
        dmx_fail(error, DEMUCS_ERROR_IO, "the model %s cannot be fetched (%s)", full_name, job->tried);
    if (outcome != HUB_GOT) return false;
    if (dmx_bag_read(&bag, path, error) == DEMUCS_OK) return obtain_members(&local, job, &bag, name, full_name, error);
    unlink(path); /* or it would stay in the way for ever */
    return false;
}

/* hf://NAME or hf://NAMESPACE/NAME. Another namespace than the official one has its own folder. */
static bool resolve_hugging_face(char path[HUB_PATH_MAX], hub_job *job, const char *full_name, demucs_error *error)
{
    char shown[128], cache[HUB_PATH_MAX];
    const char *rest = full_name + strlen("hf://"), *slash = strchr(rest, '/');
    const char *name = slash != NULL ? slash + 1 : rest;
    if (slash != NULL) snprintf(job->name_space, sizeof job->name_space, "%.*s", (int)(slash - rest), rest);
    if ((slash != NULL && slash - rest > HUB_NAME_MAX) || !hub_name_is_safe(job->name_space) || !hub_name_is_safe(name))
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "'%s' is not of the form hf://[NAMESPACE/]NAME",
                         dmx_printable(shown, sizeof shown, full_name, strlen(full_name)));
    job->hugging_face_only = true;
    bool ours = strcmp(job->name_space, HUB_DEFAULT_NAMESPACE) == 0;
    const hub_known_bag *known = ours ? hub_known_bag_find(job->registry, name) : NULL;
    if (known != NULL) return resolve_known_bag(path, job, known, error);
    strcpy(cache, job->folder);
    return hub_path(job->folder, error, "%s/hf/%s", cache, job->name_space) &&
           resolve_foreign_bag(path, job, name, full_name, error);
}

static bool resolve_plain_name(char path[HUB_PATH_MAX], hub_job *job, const char *name, demucs_error *error)
{
    const hub_known_bag *bag = hub_known_bag_find(job->registry, name);
    if (bag != NULL) return resolve_known_bag(path, job, bag, error);
    if (hub_known_file_find(job->registry, name) == NULL) {
        hub_outcome outcome = hub_find_in_folder(path, job->folder, name, job->registry, !job->unchecked, error);
        if (outcome == HUB_ABSENT) fail_unknown(job->registry, name, error);
        return outcome == HUB_GOT;
    }
    hub_local local;
    hub_outcome outcome = hub_obtain_member(&local, job, name, bag_of(job->registry, name), error);
    if (outcome == HUB_STOPPED) fail_stopped(name, error);
    if (outcome == HUB_ABSENT) fail_to_get(job, name, name, error);
    return outcome == HUB_GOT && hub_path(path, error, "%s", local.path);
}

/* --------------------------------------------------------------------------------------------- public functions --- */

static bool resolve(char path[HUB_PATH_MAX], hub_job *job, const char *name, demucs_error *error)
{
    bool hugging_face = strncmp(name, "hf://", 5) == 0;
    if (job->options->repo != NULL && !hugging_face) return resolve_in_repo(path, job, name, error);
    if (is_path(name) && !hugging_face) return resolve_path(path, job, name, error);
    if (!hub_cache_path(job->folder, error)) return false;
    if (hugging_face) return resolve_hugging_face(path, job, name, error);
    if (hub_name_is_plain(name)) return resolve_plain_name(path, job, name, error);
    fail_unknown(job->registry, name, error);
    return false;
}

static bool is_offline(const hub_options *options)
{
    const char *variable = getenv("DEMUCS_OFFLINE");
    return options->offline || (variable != NULL && variable[0] != '\0' && strcmp(variable, "0") != 0);
}

char *hub_resolve_in(const hub_registry *registry, const char *name, const hub_options *options, hub_mode mode,
                     demucs_error *error)
{
    static const hub_options none = {0};
    char path[HUB_PATH_MAX];
    hub_job job = {
        .registry = registry, .options = options != NULL ? options : &none, .name_space = HUB_DEFAULT_NAMESPACE};
    dmx_error_clear(error);
    job.offline = mode == HUB_FETCH && is_offline(job.options);
    job.local_only = job.offline || mode != HUB_FETCH;
    job.unchecked = mode == HUB_LOCAL_UNCHECKED;
    if (!resolve(path, &job, name, error)) return NULL;
    char *copy = strdup(path);
    if (copy == NULL) dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory");
    return copy;
}

char *hub_resolve(const char *name, const hub_options *options, demucs_error *error)
{
    return hub_resolve_in(&hub_official_registry, name, options, HUB_FETCH, error);
}

bool hub_is_bag(const char *name) { return hub_known_bag_find(&hub_official_registry, name) != NULL; }

bool hub_can_fetch(const char *name)
{
    return strncmp(name, "hf://", 5) == 0 || hub_is_bag(name) ||
           hub_known_file_find(&hub_official_registry, name) != NULL;
}

char *hub_find_local(const char *name, const hub_options *options, demucs_error *error)
{
    return hub_resolve_in(&hub_official_registry, name, options, HUB_LOCAL, error);
}
