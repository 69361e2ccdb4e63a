/* local.h - finding and checking the files of a folder: the cache or a --repo folder, by the same rules. */
#ifndef DEMUCS_HUB_LOCAL_H
#define DEMUCS_HUB_LOCAL_H

#include "hub/registry.h"
#include "hub/text.h"

typedef struct hub_local {
    char path[HUB_PATH_MAX];
    char sum[65]; /* what its sha256 must start with; "" when not known */
    bool arrived; /* `sum` says only what once arrived, from a source that named no sum */
} hub_local;

/* The file of one model: SIG.safetensors (sum: in the .sha256 file beside it), else SIG-SUM.th or SIG.th (two of those
 * are an error), else, with a registry, the npm file that stands for it (no bag file can refer to that one). HUB_GOT,
 * HUB_ABSENT, or HUB_BROKEN with a sentence, also where the folder cannot be looked into. */
hub_outcome hub_find_member(hub_local *local, const char *folder, const char *signature, const hub_registry *registry,
                            demucs_error *error);

/* Compare with the sum, where there is one. */
bool hub_check_member(const hub_local *local, demucs_error *error);

/* A model or a bag by its plain name, with all its members, their sums compared when `check` says so. `path` gets the
 * file for the engine. HUB_ABSENT comes with a sentence when a bag is there and a member is not, else without. */
hub_outcome hub_find_in_folder(char path[HUB_PATH_MAX], const char *folder, const char *name,
                               const hub_registry *registry, bool check, demucs_error *error);

/* Call `run` for each model of a bag, whose file lies beside the bag's. HUB_GOT; HUB_ABSENT when a file is not there,
 * or HUB_BROKEN, also when `run` says false: both with a sentence. */
typedef bool (*hub_member_fn)(const hub_local *local, void *user, demucs_error *error);
hub_outcome hub_each_member(const char *bag_path, hub_member_fn run, void *user, demucs_error *error);

/* The bag file at `path`, its members looked for beside it. */
hub_outcome hub_check_bag_file(const char *path, bool check, demucs_error *error);

/* What is known of the sum of a file that is given by its path. */
void hub_local_from_path(hub_local *local, const char *path, const hub_registry *registry);

/* Split the name of a .th file: "a-b-1234abcd.th" is the signature "a-b" with the sum "1234abcd"; without an ending in
 * hex digits the whole stem is the signature and the sum "". False when it is not a .th file with a safe name. */
bool hub_split_th_name(const char *file_name, char signature[HUB_NAME_MAX + 1], char sum[65]);

bool hub_is_file(const char *path);

/* Can the folder given as --repo be read? */
bool hub_check_repo(const char *repo, demucs_error *error);

#endif
