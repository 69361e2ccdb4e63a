/* demucs_fit.h - a separation that fits into the memory there is: what it would take is known before it begins, and
 * where that is too much, it is made smaller, step by step.
 *
 *     tracks at once          fewer streams
 *     segments at once        fewer jobs of the engine
 *     members in memory       those of a bag that are not kept are loaded for their turn
 *     segments                shorter ones, where the networks take less memory then: the result changes a little
 *
 *   demucs_fit_options how;
 *   demucs_fit_plan plan = {.struct_size = sizeof plan};
 *   demucs_fit_options_init(&how, sizeof how);
 *   how.max_memory_bytes = 2000000000;   (or as it is: what the machine can spare)
 *   if (demucs_fit_load(&model, "htdemucs.safetensors", &how, &error) ||
 *       demucs_fit_engine(&engine, model, NULL, &separation, &how, &plan, &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   if (plan.text[0] != '\0') puts(plan.text);
 *   request.engine = engine;             (demucs_tracks.h)
 *   request.separation = &separation;
 *   run_options.at_once = plan.tracks_at_once;
 *
 * What the machine can spare is the least of: what the system calls available; what the limits of all control groups
 * above the process leave (cgroup v1 and v2); what RLIMIT_AS leaves. What decoding, encoding and the program take is
 * added to what engine and streams need: what the process has in memory already, and 32 MB for each track.
 *
 * Conventions are those of demucs.h.
 */
#ifndef DEMUCS_FIT_H
#define DEMUCS_FIT_H

#include "demucs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct demucs_fit_options {
    size_t struct_size;        /* set by demucs_fit_options_init */
    uint64_t max_memory_bytes; /* what the whole process may have in memory at most. 0 (default): what it has, and what
                                  the machine can spare besides */
    int tracks_at_once;        /* 1..64: how many tracks are to be separated at the same time. 0 (default): as many as
                                  keep the cores busy while others are read and written, and have room:
                                  demucs_fit_tracks_at_once */
    size_t tracks;             /* in all: no more than these are at once. Default 1 */
    double longest_seconds;    /* for tracks that are not split, whose memory grows with their length: that of the
                                  longest, as far as it is known. Default 0: not known. A track that needs too much
                                  then fails, by itself, when it begins */
    const char *max_memory_setting; /* what sentences call max_memory_bytes. Default "max_memory_bytes" */
} demucs_fit_options;

/* Fill in the defaults; `struct_size` is the caller's sizeof(demucs_fit_options). */
DEMUCS_API void demucs_fit_options_init(demucs_fit_options *options, size_t struct_size);

/* How many tracks at once make the best use of an engine of so many threads where memory does not matter: the network
 * keeps all of them busy, but reading and writing a track keeps one. 1 for up to 7; docs/batches.md has the figures. */
DEMUCS_API int demucs_fit_tracks_at_once(int threads);

/* demucs_model_load, with no more of a bag's weights than half of the memory that there is. `how` may be NULL. Errors:
 * those of demucs_model_load; ARGUMENT. */
DEMUCS_API demucs_status demucs_fit_load(demucs_model **model, const char *path, const demucs_fit_options *how,
                                         demucs_error *error);

/* What became of a separation. */
typedef struct demucs_fit_plan {
    size_t struct_size;        /* set by the caller: sizeof(demucs_fit_plan) */
    int tracks_at_once;        /* 1..64 */
    int jobs;                  /* segments at once */
    int members, members_kept; /* of the model; in memory */
    double segment_seconds;    /* as in the options of the stream, which have it too */
    uint64_t need_bytes;       /* what the process is to have in memory at most */
    uint64_t limit_bytes;      /* what there is */
    bool changes_result;       /* the segments are shorter than they were to be */
    char text[400];            /* "", or one sentence: what became less, and why. What was not asked for (the number of
                                  tracks at once, where 0 stood) is not told */
} demucs_fit_plan;

/* Create an engine for `model` that fits, for streams with these options.
 *   options     NULL: the defaults. memory_bytes and streams play no part: they follow from the plan
 *   separation  the options of all streams. segment_seconds is changed where segments have to be shorter. It is never
 *               changed where it is set already, and never to less than 8 seconds. Its `wanted` counts, as it will when
 *               streams are created (demucs_tracks_needs)
 *   how         NULL: the defaults
 *   plan        NULL, or what became of it
 * The engine takes no more than the plan gives it: a stream too many, or an unsplit track too long, fails with MEMORY
 * and can be tried again when others are done. An allocation that fails while the engine is made leads to a smaller
 * plan, too. Members that are dropped stay dropped; no other engine of the model may exist.
 * Errors: ARGUMENT; MEMORY when the least does not fit: the sentence has what it needs and what there is. On failure
 * *engine is NULL. */
DEMUCS_API demucs_status demucs_fit_engine(demucs_engine **engine, demucs_model *model,
                                           const demucs_engine_options *options, demucs_stream_options *separation,
                                           const demucs_fit_options *how, demucs_fit_plan *plan, demucs_error *error);

#ifdef __cplusplus
}
#endif

#endif
