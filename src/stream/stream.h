/* stream.h - what a demucs_stream is: one track under way.
 *
 *     push --> window --> [lane 0: member 0, shift 0] --.
 *                     --> [lane 1: member 0, shift 1] --+--> plan --engine--> mixdown --> pull
 *                     --> [lane 2: member 1, shift 0] --'
 *
 * pull hands out what is complete; if there is nothing, it plans the next segments, always from the lane that is
 * furthest behind, and has the engine run them. So lanes stay within a stride of each other for each of the engine's
 * jobs, and window and mixdown have a size that the length of the track does not matter to.
 *
 * create.c makes a stream and its memory, stream.c takes a track through. */
#ifndef DMX_STREAM_STREAM_H
#define DMX_STREAM_STREAM_H

#include "engine/engine.h"
#include "stream/lanes.h"
#include "stream/level.h"
#include "stream/mixdown.h"
#include "stream/plan.h"
#include "stream/window.h"

typedef enum dmx_stream_state { DMX_STREAM_IDLE, DMX_STREAM_OPEN, DMX_STREAM_FINISHED } dmx_stream_state;

struct demucs_stream {
    /* Settled when it is created. */
    demucs_engine *engine;
    demucs_stream_options options; /* checked; its pointers to the caller's memory are NULL */
    dmx_lanes lanes;
    dmx_needs needs; /* of its full segments; unsplit, of the last track */

    /* One block of memory, carved once. Rebuilt for each track when it is not split. */
    void *block;
    size_t block_bytes;
    dmx_window window;
    dmx_mixdown mixdown;

    /* The track under way. */
    dmx_stream_state state;
    size_t total_frames; /* as announced; 0 unknown */
    dmx_track_level level;
    dmx_plan plan;
    dmx_client client; /* the plan as the engine sees it */
    size_t segments_done;
};

demucs_status dmx_stream_create(demucs_stream **stream, demucs_engine *engine, const demucs_stream_options *options,
                                demucs_error *error);
void dmx_stream_free(demucs_stream *stream);

/* Reserve what full segments need, or, unsplit, a track of `track_frames`. */
demucs_status dmx_stream_reserve(demucs_stream *stream, int64_t track_frames, demucs_error *error);

/* Reserve what the short segments at the end of the track need, once that is known. Nearly always it is there. */
demucs_status dmx_stream_reserve_end(demucs_stream *stream, demucs_error *error);

size_t dmx_stream_bytes(const demucs_stream *stream);

/* What the engine with one such stream would take, without taking it; for an unsplit stream, with a track of
 * `track_frames`. */
demucs_status dmx_stream_measure(demucs_engine *engine, const demucs_stream_options *options, int64_t track_frames,
                                 demucs_needs *measured, demucs_error *error);

/* Frames of the mix that have to be there before the first stem is, at most; SIZE_MAX for all of them. */
size_t dmx_stream_latency(const demucs_stream *stream);

demucs_status dmx_stream_begin(demucs_stream *stream, size_t total_frames, const demucs_loudness *loudness,
                               demucs_error *error);
size_t dmx_stream_push(demucs_stream *stream, const float *const *mix, size_t frames);
demucs_status dmx_stream_finish(demucs_stream *stream, demucs_error *error);

/* *done: the track has come to its end, and the stream is idle. */
demucs_status dmx_stream_pull(demucs_stream *stream, float *const *stems, size_t capacity, size_t *frames, bool *done,
                              demucs_error *error);
void dmx_stream_reset(demucs_stream *stream);

/* A whole track that lies in memory. */
demucs_status dmx_stream_separate(demucs_stream *stream, const float *const *mix, size_t frames, float *const *stems,
                                  demucs_error *error);

/* Fails, and drops the track, if the stream was cancelled. */
demucs_status dmx_stream_check_cancel(demucs_stream *stream, demucs_error *error);

#endif
