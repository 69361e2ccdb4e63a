/* separator.h - what a demucs_separator is; see also lane.h, window.h, round.h and mixdown.h.
 *
 *     push --> window --> [lane 0: member 0, shift 0] --.
 *                     --> [lane 1: member 0, shift 1] --+--> round of segments --> mixdown --> pull
 *                     --> [lane 2: member 1, shift 0] --'
 *
 * pull hands out what is complete; if there is nothing, it takes the next segments, always from the lane that is
 * furthest behind, and runs them at the same time, one in each job. So lanes stay within a stride of each other for
 * each job, and window and mixdown have a size that the length of the track does not matter to. */
#ifndef DMX_SEPARATE_SEPARATOR_H
#define DMX_SEPARATE_SEPARATOR_H

#include "models/bag.h"
#include "nn/exec.h"
#include "separate/lane.h"
#include "separate/mixdown.h"
#include "separate/window.h"

typedef enum dmx_stream_state { DMX_STREAM_IDLE, DMX_STREAM_OPEN, DMX_STREAM_FINISHED } dmx_stream_state;

/* One of the segments that run at the same time: what it needs for itself, and which segment it is in this round. */
typedef struct dmx_job {
    dmx_exec exec;         /* the threads of this round, activations and scratch memory */
    dmx_thread_pool *pool; /* its share of the threads */
    float *chunk;          /* [channels][longest] input of the network */
    float *result;         /* [sources][channels][longest] output of the network */
    float *share;          /* [longest segment] what each frame of it counts in the mixdown */

    const dmx_lane *lane;
    const dmx_network *network;
    int64_t at, frames;    /* the segment: `frames` frames of the track from `at` on */
    int64_t first, length; /* the network's input: the segment in its middle, and what is around it */
} dmx_job;

struct demucs_separator {
    const demucs_model *model;
    demucs_options options; /* checked; its pointers are ours or NULL */
    bool *wanted;           /* [sources] */
    int *shift_offsets;     /* [members * shifts] frames, when options.shifts > 0 */
    dmx_lane *lanes;        /* [lane_count] */
    int lane_count;
    int member_count;  /* members that have lanes */
    int *member_order; /* [members] place among those, for progress */
    int wanted_count;
    dmx_network *guest; /* the member that is not resident in the model and was run last, or NULL */
    int guest_member;

    dmx_thread_pool *team;     /* a thread for each job, which is the first one of the job's own pool */
    dmx_thread_pool *everyone; /* all threads, for a segment that is alone in its round; one job has them anyway */
    dmx_job *jobs;             /* [job_count] */
    int job_count;
    int planned; /* jobs [0, planned) have a segment that waits to be run */

    /* One block of memory, carved by carve_block. Rebuilt for each track when it is not split. */
    void *block;
    size_t block_bytes;
    dmx_window window;
    dmx_mixdown mixdown;
    int64_t longest; /* frames of the longest network input */

    dmx_stream_state state;
    size_t total_frames; /* as announced; 0 unknown */
    float mean, scale;   /* of the whole track: samples go in as (x - mean) / scale */
    size_t segments_done;
};

demucs_status dmx_separator_create(demucs_separator **separator, const demucs_model *model,
                                   const demucs_options *options, demucs_error *error);
void dmx_separator_free(demucs_separator *separator);
demucs_status dmx_separator_begin(demucs_separator *separator, size_t total_frames, const demucs_loudness *loudness,
                                  demucs_error *error);
size_t dmx_separator_push(demucs_separator *separator, const float *const *mix, size_t frames);
demucs_status dmx_separator_pull(demucs_separator *separator, float *const *stems, size_t capacity, size_t *frames,
                                 demucs_error *error);
void dmx_separator_reset(demucs_separator *separator);

#endif
