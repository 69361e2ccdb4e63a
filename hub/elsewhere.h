/* elsewhere.h - weights that the official program fetched: in the caches of torch and of the Hugging Face client. */
#ifndef DEMUCS_HUB_ELSEWHERE_H
#define DEMUCS_HUB_ELSEWHERE_H

#include "hub/text.h"

typedef struct hub_found {
    char path[HUB_PATH_MAX]; /* absolute, without links */
    char sum[65];            /* the sha256 that its place announces, or "" */
    int failure;             /* where there is none: the errno that keeps us from looking at `path`, or 0 */
} hub_found;

/* TORCH_HOME/hub/checkpoints/FILE; TORCH_HOME is $XDG_CACHE_HOME/torch or ~/.cache/torch unless it is set. */
bool hub_elsewhere_torch(hub_found *found, const char *file_name);

/* HF_HOME/hub/models--NAMESPACE--REPOSITORY/snapshots/REVISION/FILE, of the revision that refs/main names; HF_HOME is
 * $XDG_CACHE_HOME/huggingface or ~/.cache/huggingface unless it is set, and HF_HUB_CACHE is another place for its hub.
 */
bool hub_elsewhere_hugging_face(hub_found *found, const char *name_space, const char *repository,
                                const char *file_name);

/* HF_HUB_OFFLINE says that Hugging Face is not to be asked. */
bool hub_hugging_face_is_off(void);

#endif
