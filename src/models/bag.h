/* bag.h - what a demucs_model is: the members of a bag and how much each counts. A single checkpoint is a bag of one.
 */
#ifndef DMX_MODELS_BAG_H
#define DMX_MODELS_BAG_H

#include "base/sha256.h"
#include "models/files.h"
#include "models/network.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the loading of a model has to be told. */
typedef struct dmx_loading {
    const dmx_classes *classes; /* the classes that there are: dmx_families */
    const dmx_upload *upload;   /* who gets the weights and computes with them: dmx_cpu_upload */
    dmx_sha256_fn sha256;       /* how to sum up weights, when the digest is asked for: dmx_kernels_sha256() */
    size_t resident_bytes;      /* memory that the weights of all members may take together */
    dmx_files files;            /* where the files come from; all zeros: the file system */
} dmx_loading;

typedef struct dmx_member {
    char *path;
    const dmx_loading *loading; /* that of its model */
    dmx_network *network;
    bool resident;   /* false: its weights were dropped after the checks; an engine loads it when its turn comes */
    size_t bytes;    /* of its weights, when they are there */
    double *weights; /* [sources] */
    unsigned char digest[32];
    atomic_bool has_digest; /* from the first dmx_model_digest on */
} dmx_member;

struct demucs_model {
    dmx_loading loading;
    dmx_member *members; /* [count] */
    int count;
    int source_count, channels, sample_rate_hz; /* which all members share */
    double *totals;                             /* [sources] sums of the members' weights */
    dmx_warnings warnings;
    pthread_mutex_t changing; /* held for what is added after loading: dmx_model_add_bf16, dmx_model_digest */
};

/* Load a checkpoint or a bag. Members whose weights would take more than loading->resident_bytes together with those
 * before them are checked like the others and then dropped. */
demucs_status dmx_model_load(demucs_model **model, const char *path, const dmx_loading *loading, demucs_error *error);

/* Half of the machine's memory: what the weights of a bag may take. */
size_t dmx_resident_limit(void);

/* Bytes of the weights that are in memory. For several threads at a time. */
size_t dmx_model_bytes(const demucs_model *model);

/* What dmx_model_add_bf16 would add to them for this member. For several threads at a time. */
size_t dmx_model_bf16_bytes(const demucs_model *model, int member);

/* Drop the weights of members of a bag, the last first, until the rest takes no more than that. Returns how many keep
 * theirs. While nobody uses the model. */
int dmx_model_keep(demucs_model *model, size_t resident_bytes);

/* A member's network anew, as it is in the model, with its weights. The caller frees it. */
demucs_status dmx_member_reload(dmx_network **network, const dmx_member *member, demucs_error *error);
void dmx_model_free(demucs_model *model);

/* The longest segment that all members allow, in seconds; infinity where none has a limit. */
double dmx_model_longest_segment(const demucs_model *model);

/* Make sure that a member has its weights in bfloat16 too, packed by `kernels`. They stay with the model. Any thread
 * may ask for it, while others compute with the member. Nothing to do for a member that is not resident. */
demucs_status dmx_model_add_bf16(demucs_model *model, int member, const dmx_kernels *kernels, demucs_error *error);

#endif
