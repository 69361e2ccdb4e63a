/* paths.h - where the results go: OUT/MODEL/ and, inside, what --filename says, by default {track}/{stem}.{ext}. */
#ifndef SEPARATE_PATHS_H
#define SEPARATE_PATHS_H

#include "common/failure.h"

/* OUT and the folder of a model: its name without hf:// and with / made to _, as the official program has it; for the
 * path of a model file, the file's name without its extension. To be freed with free(). */
char *paths_model_folder(const char *out, const char *model_name);

/* What the variables of --filename stand for. */
typedef struct path_names {
    const char *track; /* path of the track: {track} and {trackext} are cut from its last part */
    const char *stem, *ext;
} path_names;

/* Expand `pattern`, a Python format string ({track}, {trackext}, {stem}, {ext}, {{, }}). The result is to be freed with
 * free(), NULL when the pattern is wrong. */
char *paths_expand(const char *pattern, const path_names *names, failure *why);

/* The text after the last dot of the last part, "" when there is none. Points into `path`. */
const char *paths_extension(const char *path);

/* Make a folder and those above it. *made tells whether the last one was not there before; NULL is fine. */
bool paths_make_folder(const char *folder, bool *made, failure *why);

/* The folder that a path lies in, "." for a bare name. To be freed with free(). */
char *paths_parent(const char *path);

/* Whether both are there and are the same file. */
bool paths_same_file(const char *one, const char *other);

/* Which paths this run has given out, so that no track overwrites the stems of another. */
typedef struct path_claims {
    struct path_claim {
        char *path;
        const char *track;
    } * items;
    int count, capacity;
} path_claims;

/* Claim `path` (copied) for a track. NULL, or the track that has it already. */
const char *path_claims_add(path_claims *claims, const char *path, const char *track);

/* Forget all claims but the first `count`: those of a track that failed. 0 frees everything. */
void path_claims_shrink(path_claims *claims, int count);

#endif
