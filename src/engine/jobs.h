/* jobs.h - the threads of an engine, and memory for the segments that run at the same time.
 *
 *     team       one thread for each job, which is the first one of the job's own pool
 *     job 0..    a pool of threads | activations | scratch memory of its threads | buffers: chunk, share, result
 *     everyone   all threads, for a segment that is alone and for the mixdown
 *
 * Those threads that have nothing to do sleep. How much memory a segment needs a forward pass that only plans tells;
 * all jobs have the same, so any segment runs in any of them. */
#ifndef DMX_ENGINE_JOBS_H
#define DMX_ENGINE_JOBS_H

#include "engine/client.h"
#include "models/network.h"

typedef struct dmx_job {
    dmx_exec exec;         /* the threads of this round, activations and scratch memory */
    dmx_thread_pool *pool; /* its share of the threads */
    void *block;           /* what the buffers are carved from */
    dmx_buffers buffers;
} dmx_job;

/* The largest of what a job is asked for. */
typedef struct dmx_needs {
    int64_t length;        /* frames of a network's input */
    int64_t segment;       /* frames of a segment */
    size_t arena_bytes;    /* of activations */
    size_t scratch_floats; /* of each thread */
} dmx_needs;

typedef struct dmx_jobs {
    dmx_job *job; /* [count] */
    int count;
    int threads; /* of all jobs together */
    dmx_thread_pool *team, *everyone;
    size_t channels, sources; /* of the model */
    dmx_needs reserved;       /* what each job has memory for */
} dmx_jobs;

/* Start `threads` threads for `count` jobs, which have no memory yet. On failure nothing is left to be freed. */
demucs_status dmx_jobs_create(dmx_jobs *jobs, int count, int threads, const dmx_kernels *kernels, bool bf16,
                              demucs_error *error);
void dmx_jobs_free(dmx_jobs *jobs);

/* Raise `needs` to what a network needs for an input of `length` frames. For several threads at a time. */
void dmx_jobs_plan(const dmx_jobs *jobs, const dmx_network *network, int64_t length, const bool *wanted,
                   dmx_needs *needs);

bool dmx_needs_fit(const dmx_needs *needs, const dmx_needs *reserved);

/* The larger of each. */
dmx_needs dmx_needs_larger(dmx_needs a, const dmx_needs *b);

/* Give each job memory for that, while nothing runs. `keep`: what was there is freed only when the new is; otherwise
 * first, which takes less memory at a time, and after a failure there is none. */
demucs_status dmx_jobs_reserve(dmx_jobs *jobs, const dmx_needs *needs, bool keep, demucs_error *error);

/* Bytes that the jobs hold with memory for that, with `more_bytes` elsewhere; SIZE_MAX for more than there can be. For
 * several threads at a time. */
size_t dmx_jobs_bytes(const dmx_jobs *jobs, const dmx_needs *needs, size_t more_bytes);

/* All threads, which wait for nobody before and after the networks run. */
dmx_thread_pool *dmx_jobs_everyone(const dmx_jobs *jobs);

/* Fail with DEMUCS_ERROR_MEMORY. */
demucs_status dmx_memory_short(demucs_error *error);

#endif
