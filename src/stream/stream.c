/* stream.c - a track on its way through a stream; see stream.h; the counterpart of apply_model in the official apply.py
 */
#include "stream/stream.h"

#include "dsp/loudness.h"
#include "stream/progress.h"

/* ---- what the engine asks for while a plan runs ---- */

static void read_cut(void *context, int turn, const dmx_buffers *buffers)
{
    const demucs_stream *s = context;
    const dmx_cut *cut = &s->plan.cuts[turn];
    dmx_window_read(&s->window, cut->first, cut->length, buffers->chunk);
    dmx_lane_share(cut->lane, cut->at, cut->frames, buffers->share);
}

static int wanted_source(const demucs_stream *s, int place)
{
    int source = 0;
    while (!s->lanes.wanted[source] || place-- > 0) source++;
    return source;
}

/* Add what a network gave, cut to the segment, to one plane of the mixdown. */
static void mix_cut(void *context, int turn, const dmx_buffers *buffers, int plane)
{
    demucs_stream *s = context;
    const demucs_model *model = s->engine->model;
    const dmx_cut *cut = &s->plan.cuts[turn];
    const int channels = model->channels, c = plane % channels, source = wanted_source(s, plane / channels);
    const double weight = model->members[cut->lane->member].weights[source] / model->totals[source] / s->lanes.shifts;
    if (weight == 0) return;
    const float *values = buffers->result + (source * channels + c) * cut->length + (cut->length - cut->frames) / 2;
    dmx_mixdown_add(&s->mixdown, plane, cut->at, cut->frames, (float)weight, buffers->share, values);
}

/* ---- a plan ---- */

static bool report(const demucs_stream *s, const dmx_cut *cut, bool finished)
{
    const dmx_standing standing = {s->segments_done, s->total_frames, finished};
    return dmx_progress_report(&s->options, &s->lanes, cut, &standing);
}

/* Where the lane is that is furthest behind, or the end of the track when all are done. */
static int64_t all_passed(const demucs_stream *s)
{
    const dmx_lane *behind = dmx_lanes_behind(&s->lanes, s->state == DMX_STREAM_FINISHED ? s->window.end : INT64_MAX);
    return behind != NULL ? behind->next : s->window.end;
}

/* Say what is complete now, and forget what no lane needs any more. */
static void advance(demucs_stream *s)
{
    const int64_t passed = all_passed(s);
    const int64_t ready = passed < s->window.end ? passed : s->window.end;
    if (ready > s->mixdown.ready) s->mixdown.ready = ready;
    dmx_window_forget(&s->window, passed - s->needs.length / 2 - 1);
}

static demucs_status cancelled(demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_CANCELLED, "The separation was cancelled.");
}

/* Run what is planned and add it to the mixdown. On failure the track is dropped. */
static demucs_status run_plan(demucs_stream *s, demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    const int count = s->plan.count;
    for (int i = 0; status == DEMUCS_OK && i < count; i++) {
        const dmx_cut *cut = &s->plan.cuts[i];
        s->client.turns[i] = (dmx_turn){.member = cut->lane->member, .length = cut->length};
        if (report(s, cut, false)) status = cancelled(error);
    }
    s->client.turn_count = count;
    dmx_mixdown_compact(&s->mixdown);
    if (status == DEMUCS_OK) status = dmx_engine_serve(s->engine, &s->client, error);
    for (int i = 0; status == DEMUCS_OK && i < count; i++) {
        s->segments_done++;
        if (report(s, &s->plan.cuts[i], true)) status = cancelled(error);
    }
    if (status != DEMUCS_OK) {
        dmx_stream_reset(s);
        return status;
    }
    s->plan.count = 0;
    advance(s);
    return DEMUCS_OK;
}

/* ---- a track ---- */

void dmx_stream_reset(demucs_stream *s)
{
    s->state = DMX_STREAM_IDLE;
    s->segments_done = 0;
    s->plan.count = 0;
    dmx_lanes_rewind(&s->lanes);
    atomic_store(&s->client.cancelled, false);
}

demucs_status dmx_stream_check_cancel(demucs_stream *s, demucs_error *error)
{
    if (!atomic_load(&s->client.cancelled)) return DEMUCS_OK;
    dmx_stream_reset(s);
    return cancelled(error);
}

demucs_status dmx_stream_begin(demucs_stream *s, size_t total_frames, const demucs_loudness *loudness,
                               demucs_error *error)
{
    dmx_stream_reset(s);
    s->total_frames = total_frames;
    s->level = dmx_track_level_of(s->options.normalize ? loudness : NULL);
    s->client.stream = s;
    s->client.read = read_cut;
    s->client.mix = mix_cut;
    demucs_status status = s->options.split ? dmx_engine_reserve(s->engine, &s->needs, 0, error)
                                            : dmx_stream_reserve(s, (int64_t)total_frames, error);
    if (status != DEMUCS_OK) return status;
    dmx_window_reset(&s->window);
    dmx_mixdown_reset(&s->mixdown);
    s->state = DMX_STREAM_OPEN;
    return DEMUCS_OK;
}

size_t dmx_stream_push(demucs_stream *s, const float *const *mix, size_t frames)
{
    return dmx_window_push(&s->window, mix, frames, s->level.mean, 1 / s->level.scale);
}

demucs_status dmx_stream_finish(demucs_stream *s, demucs_error *error)
{
    demucs_status status = s->options.split ? dmx_stream_reserve_end(s, error) : DEMUCS_OK;
    if (status != DEMUCS_OK) {
        dmx_stream_reset(s);
        return status;
    }
    s->total_frames = (size_t)s->window.end;
    s->state = DMX_STREAM_FINISHED;
    return DEMUCS_OK;
}

static bool wanted_planes(const demucs_stream *s, float *const *stems, float **planes)
{
    const demucs_model *model = s->engine->model;
    const int channels = model->channels;
    int plane = 0;
    for (int source = 0; source < model->source_count; source++)
        for (int c = 0; s->lanes.wanted[source] && c < channels; c++) planes[plane++] = stems[source * channels + c];
    return plane > 0;
}

demucs_status dmx_stream_pull(demucs_stream *s, float *const *stems, size_t capacity, size_t *frames, bool *done,
                              demucs_error *error)
{
    float *planes[DMX_MAX_SOURCES * DMX_MAX_CHANNELS];
    *frames = 0;
    *done = false;
    if (capacity == 0 || !wanted_planes(s, stems, planes)) return DEMUCS_OK;
    for (;;) {
        *frames = dmx_mixdown_take(&s->mixdown, capacity, s->level.scale, s->level.mean, planes);
        if (*frames > 0) return DEMUCS_OK;
        const bool finished = s->state == DMX_STREAM_FINISHED;
        if (!dmx_plan_extend(&s->plan, &s->lanes, (dmx_extent){s->window.end, finished})) {
            *done = finished;
            if (finished) dmx_stream_reset(s);
            return DEMUCS_OK;
        }
        demucs_status status = run_plan(s, error);
        if (status != DEMUCS_OK) return status;
    }
}

/* ---- a whole track at once ---- */

typedef struct whole_track {
    const float *const *mix;
    float *const *stems;
    size_t frames, pushed, pulled;
} whole_track;

/* Push what fits, once, and say when that was all. */
static demucs_status push_on(demucs_stream *s, whole_track *t, demucs_error *error)
{
    const float *mix[DMX_MAX_CHANNELS];
    if (s->state != DMX_STREAM_OPEN) return DEMUCS_OK;
    for (int c = 0; c < s->engine->model->channels; c++) mix[c] = t->mix[c] + t->pushed;
    t->pushed += dmx_stream_push(s, mix, t->frames - t->pushed);
    return t->pushed == t->frames ? dmx_stream_finish(s, error) : DEMUCS_OK;
}

/* Pull what is ready, once. */
static demucs_status pull_on(demucs_stream *s, whole_track *t, bool *done, demucs_error *error)
{
    float *stems[DMX_MAX_SOURCES * DMX_MAX_CHANNELS];
    const int planes = s->engine->model->source_count * s->engine->model->channels;
    size_t got = 0;
    for (int p = 0; p < planes; p++) stems[p] = t->stems[p] != NULL ? t->stems[p] + t->pulled : NULL;
    demucs_status status = dmx_stream_pull(s, stems, t->frames - t->pulled, &got, done, error);
    t->pulled += got;
    return status;
}

demucs_status dmx_stream_separate(demucs_stream *s, const float *const *mix, size_t frames, float *const *stems,
                                  demucs_error *error)
{
    demucs_loudness loudness = {0};
    whole_track track = {.mix = mix, .stems = stems, .frames = frames};
    bool done = frames == 0;
    if (s->options.normalize) dmx_loudness_add(&loudness, mix, s->engine->model->channels, frames);
    demucs_status status = dmx_stream_begin(s, frames, &loudness, error);
    while (status == DEMUCS_OK && !done && track.pulled < frames) {
        status = push_on(s, &track, error);
        if (status == DEMUCS_OK) status = dmx_stream_check_cancel(s, error);
        if (status == DEMUCS_OK) status = pull_on(s, &track, &done, error);
    }
    dmx_stream_reset(s);
    return status;
}
