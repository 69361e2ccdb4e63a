/* hub.h - where models come from: names, folders, the cache, downloads, checksums. Independent of the
 * engine: of src/ it sees base/ and nothing else.
 *
 * A name ("htdemucs", "htdemucs_ft", a signature such as "955717e8", "hf://someone/name", or the path of a file)
 * becomes the path of a checkpoint or bag file that demucs_model_load can open. Order of sources for a name: the --repo
 * folder when one is given (then nothing else); a path; the cache; the caches of the Hugging Face client and of torch,
 * where the official program keeps its files; the Hugging Face repositories; the legacy host; for htdemucs the npm
 * client, if there is one. Every file is checked against its pinned sha256 or the sum in its name before use. Functions
 * that can fail take a demucs_error, which may be NULL, and write one sentence into it. */
#ifndef DEMUCS_HUB_H
#define DEMUCS_HUB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Report of a transfer under way: `total` is 0 when unknown. Return true to stop. */
typedef bool (*hub_progress_fn)(const char *file_name, uint64_t done, uint64_t total, void *user);

typedef struct hub_options {
    const char *repo; /* --repo folder, or NULL */
    bool offline;     /* never use the network (also when DEMUCS_OFFLINE=1) */
    bool force;       /* fetch again even when the cache has it */
    hub_progress_fn progress;
    void *progress_user;
    void (*note)(const char *text, void *user); /* one line about what is being tried; may be NULL */

    /* Turn an ONNX export into SIG.safetensors and prove that the result loads; NULL leaves the export as it is. The
     * hub does not know the engine, so the caller brings this. */
    bool (*convert)(const char *source_path, const char *target_path, demucs_error *error, void *user);

    /* Prove that what arrived, and whose sum this program does not know, is a model that loads; NULL takes anything.
     * Before that it has no name. */
    bool (*accept)(const char *path, demucs_error *error, void *user);
} hub_options; /* progress, note, convert and accept all get progress_user */

/* Find the model, fetching it when needed. Gives its path, to be freed with free(), or NULL and one sentence that says
 * what was tried and which command or file would solve it. */
char *hub_resolve(const char *name, const hub_options *options, demucs_error *error);

/* Is there a place that the model of this name is fetched from? Not so for paths and for a user's own models. */
bool hub_can_fetch(const char *name);

/* Is it the name of a released bag? */
bool hub_is_bag(const char *name);

/* hub_resolve without fetching: NULL when it is not on this machine. */
char *hub_find_local(const char *name, const hub_options *options, demucs_error *error);

/* The cache folder ($DEMUCS_CACHE, else $XDG_CACHE_HOME/demucs, else ~/.cache/demucs), to be freed with free(). */
char *hub_cache_folder(void);

/* The names this program knows, bags first and then single signatures, each with what it is. `repo` lists a folder
 * instead. The result is one allocation, to be freed with free(). */
typedef struct hub_entry {
    const char *name;
    const char *description; /* "hybrid transformer, 4 stems" or "" */
    bool bag;
    bool local; /* in the cache or the folder already */
} hub_entry;
hub_entry *hub_list(const char *repo, size_t *count, demucs_error *error);

/* Check the files of a model (a bag: each member) against their sums. True when all hold. `report` gets a line for each
 * file: its path and "ok", "no known checksum", "as it arrived; no known checksum" or what is wrong. */
bool hub_verify(const char *name, const hub_options *options,
                void (*report)(const char *path, const char *what, void *user), void *user, demucs_error *error);

#endif
