/* create.c - a stream and its memory; see stream.h
 *
 *     the stream's block    window | mixdown | weights of the cross-fades
 *     the engine's jobs     activations and buffers, as large as the stream with the largest needs asks for
 *
 * The block is carved and counted by one function; what a job needs, a forward pass that only plans tells. */
#include "base/alloc.h"
#include "stream/options.h"
#include "stream/stream.h"

enum { PUSH_SLACK = 1 << 15 }; /* frames of room beyond what the next segments need, so that pushes come in pieces */

/* ---- memory ---- */

/* The largest stride of the lanes. */
static int64_t longest_stride(const demucs_stream *s)
{
    int64_t longest = 0;
    for (int i = 0; i < s->lanes.count; i++)
        if (s->lanes.lane[i].stride > longest) longest = s->lanes.lane[i].stride;
    return longest;
}

/* The segments of a plan come from the lane that is furthest behind: each begins at most one stride after the one
 * before it, so that window and mixdown reach so much further for each segment but the first. */
static int64_t reach_of(const demucs_stream *s) { return (s->plan.room - 1) * longest_stride(s); }

static void carve_block(demucs_stream *s, dmx_arena *arena, const dmx_needs *needs)
{
    const int channels = s->engine->model->channels;
    const int64_t reach = reach_of(s);
    /* A short chunk is centred in the network's input: half of it may lie before the chunk. */
    dmx_window_carve(&s->window, arena, channels, needs->length / 2 + 1 + reach + needs->length + PUSH_SLACK);
    dmx_mixdown_carve(&s->mixdown, arena, s->client.planes, reach + needs->segment);
    dmx_lanes_carve(&s->lanes, arena);
}

static demucs_status bad_length(const demucs_stream *s, const dmx_lane *lane, int64_t frames, demucs_error *error)
{
    const char *path = s->engine->model->members[lane->member].path;
    if (lane->segment == 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "%s cannot run on %lld frames at once; let the track be split into segments.", path,
                        (long long)frames);
    if (frames < lane->segment)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "%s cannot run on the %lld frames that the track ends with; use another segment.", path,
                        (long long)frames);
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s cannot run on segments of %lld frames; use another segment.",
                    path, (long long)frames);
}

/* Raise the needs to those of a lane's segments of `frames`. */
static demucs_status add_segment(const demucs_stream *s, const dmx_lane *lane, int64_t frames, dmx_needs *needs,
                                 demucs_error *error)
{
    const int64_t length = dmx_lane_input_length(lane, frames);
    if (length < 0) return bad_length(s, lane, frames, error);
    if (frames > needs->segment) needs->segment = frames;
    dmx_jobs_plan(&s->engine->jobs, lane->network, length, s->lanes.wanted, needs);
    return DEMUCS_OK;
}

static bool same_segment(const dmx_lanes *lanes, int i)
{
    return i > 0 && lanes->lane[i].segment > 0 && lanes->lane[i].member == lanes->lane[i - 1].member;
}

/* What full segments need, or, unsplit, a track of `track_frames`, and bytes of the stream's own block for it. */
static demucs_status count_needs(demucs_stream *s, int64_t track_frames, dmx_needs *needs, size_t *bytes,
                                 demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    *needs = (dmx_needs){0};
    for (int i = 0; status == DEMUCS_OK && i < s->lanes.count; i++) {
        const dmx_lane *lane = &s->lanes.lane[i];
        if (!same_segment(&s->lanes, i))
            status = add_segment(s, lane, lane->segment > 0 ? lane->segment : track_frames - lane->start, needs, error);
    }
    if (status != DEMUCS_OK) return status;
    dmx_arena count = {0};
    carve_block(s, &count, needs);
    *bytes = count.peak;
    return DEMUCS_OK;
}

static void free_block(demucs_stream *s)
{
    dmx_free(s->block);
    dmx_engine_give_back(s->engine, s->block_bytes);
    s->block = NULL;
    s->block_bytes = 0;
}

demucs_status dmx_stream_reserve(demucs_stream *s, int64_t track_frames, demucs_error *error)
{
    dmx_needs needs;
    size_t bytes;
    demucs_status status = count_needs(s, track_frames, &needs, &bytes, error);
    if (status != DEMUCS_OK) return status;
    free_block(s); /* that of the track before is of no use any more */
    status = dmx_engine_reserve(s->engine, &needs, bytes, error);
    if (status != DEMUCS_OK) return status;
    s->block_bytes = bytes;
    s->block = dmx_alloc(bytes, 1);
    if (s->block == NULL) {
        free_block(s);
        return dmx_memory_short(error);
    }
    s->needs = needs;
    dmx_arena arena = {.block = s->block, .size = bytes};
    carve_block(s, &arena, &needs);
    dmx_lanes_fade(&s->lanes);
    return DEMUCS_OK;
}

demucs_status dmx_stream_reserve_end(demucs_stream *s, demucs_error *error)
{
    const dmx_extent all = {.end = s->window.end, .finished = true};
    dmx_needs needs = s->needs;
    for (int i = 0; i < s->lanes.count; i++) {
        const dmx_lane *lane = &s->lanes.lane[i];
        for (int64_t at = lane->next; lane->segment > 0 && at < all.end; at += lane->stride) {
            const int64_t frames = dmx_lane_frames(lane, at, all.end);
            demucs_status status = frames < lane->segment ? add_segment(s, lane, frames, &needs, error) : DEMUCS_OK;
            if (status != DEMUCS_OK) return status;
        }
    }
    return dmx_engine_reserve(s->engine, &needs, 0, error);
}

size_t dmx_stream_bytes(const demucs_stream *s)
{
    return sizeof *s + s->block_bytes + (size_t)s->lanes.count * sizeof *s->lanes.lane +
           (size_t)s->plan.room * (sizeof *s->plan.cuts + sizeof *s->client.turns);
}

size_t dmx_stream_latency(const demucs_stream *s)
{
    if (!s->options.split) return SIZE_MAX;
    int64_t longest = 0;
    for (int i = 0; i < s->lanes.count; i++) {
        const dmx_cut cut = dmx_cut_at(&s->lanes.lane[i], 0, (dmx_extent){0});
        if (cut.first + cut.length > longest) longest = cut.first + cut.length;
    }
    return (size_t)(reach_of(s) + longest);
}

/* ---- creation ---- */

/* As many segments at a time as the engine has jobs, but one when they are measured, and no more than there are lanes
 * when each has one segment. */
static demucs_status make_plan(demucs_stream *s, demucs_error *error)
{
    int room = s->engine->jobs.count;
    if (s->options.stage != NULL) room = 1;
    if (!s->options.split && room > s->lanes.count) room = s->lanes.count;
    s->plan.cuts = dmx_alloc((size_t)room, sizeof *s->plan.cuts);
    s->client.turns = dmx_alloc((size_t)room, sizeof *s->client.turns);
    if (s->plan.cuts == NULL || s->client.turns == NULL) return dmx_memory_short(error);
    s->plan.room = room;
    return DEMUCS_OK;
}

/* The engine's precision may ask for more weights of the members that will run. */
static demucs_status use_members(demucs_stream *s, demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    for (int i = 0; status == DEMUCS_OK && i < s->lanes.count; i++)
        status = dmx_engine_use(s->engine, s->lanes.lane[i].member, error);
    return status;
}

/* All but weights and memory. */
static demucs_status init(demucs_stream *s, const demucs_stream_options *options, demucs_error *error)
{
    const demucs_model *model = s->engine->model;
    demucs_status status = dmx_stream_options_check(&s->options, model, options, error);
    if (status == DEMUCS_OK) status = dmx_lanes_create(&s->lanes, model, &s->options, error);
    if (status != DEMUCS_OK) return status;
    s->options.wanted = NULL; /* the caller's memory: not ours to look at again */
    s->options.shift_offsets = NULL;
    s->client.wanted = s->lanes.wanted;
    s->client.planes = s->lanes.wanted_count * model->channels;
    s->client.stage = s->options.stage;
    s->client.stage_user = s->options.stage_user;
    return make_plan(s, error);
}

/* A stream that cannot take a track yet. */
static demucs_status open_stream(demucs_stream **out, demucs_engine *engine, const demucs_stream_options *options,
                                 demucs_error *error)
{
    *out = NULL;
    demucs_stream *s = dmx_alloc(1, sizeof *s);
    if (s == NULL) return dmx_memory_short(error);
    s->engine = engine;
    dmx_engine_open(engine);
    const demucs_status status = init(s, options, error);
    if (status == DEMUCS_OK)
        *out = s;
    else
        dmx_stream_free(s);
    return status;
}

demucs_status dmx_stream_create(demucs_stream **out, demucs_engine *engine, const demucs_stream_options *options,
                                demucs_error *error)
{
    demucs_status status = open_stream(out, engine, options, error);
    if (status != DEMUCS_OK) return status;
    status = use_members(*out, error);
    if (status == DEMUCS_OK && (*out)->options.split) status = dmx_stream_reserve(*out, 0, error);
    if (status == DEMUCS_OK) return DEMUCS_OK;
    dmx_stream_free(*out);
    *out = NULL;
    return status;
}

/* Weights in memory once the stream's members have what the engine's precision asks for. */
static size_t weight_bytes(const demucs_stream *s)
{
    const demucs_model *model = s->engine->model;
    size_t bytes = dmx_model_bytes(model);
    for (int i = 0; s->engine->bf16 && i < s->lanes.count; i++)
        if (i == 0 || s->lanes.lane[i - 1].member != s->lanes.lane[i].member)
            bytes += dmx_model_bf16_bytes(model, s->lanes.lane[i].member);
    return bytes;
}

demucs_status dmx_stream_measure(demucs_engine *engine, const demucs_stream_options *options, int64_t track_frames,
                                 demucs_needs *measured, demucs_error *error)
{
    demucs_stream *s;
    dmx_needs needs = {0};
    size_t block_bytes = 0;
    demucs_status status = open_stream(&s, engine, options, error);
    if (status != DEMUCS_OK) return status;
    if (s->options.split || track_frames > 0) status = count_needs(s, track_frames, &needs, &block_bytes, error);
    if (status == DEMUCS_OK) {
        measured->jobs = engine->jobs.count;
        measured->model_bytes = weight_bytes(s);
        measured->engine_bytes = dmx_engine_bytes_with(engine, &needs);
        measured->stream_bytes = block_bytes < SIZE_MAX / 2 ? dmx_stream_bytes(s) + block_bytes : SIZE_MAX;
        if (measured->engine_bytes == SIZE_MAX || measured->stream_bytes == SIZE_MAX) status = dmx_memory_short(error);
    }
    dmx_stream_free(s);
    return status;
}

void dmx_stream_free(demucs_stream *s)
{
    if (s == NULL) return;
    free_block(s);
    dmx_engine_close(s->engine);
    dmx_lanes_free(&s->lanes);
    dmx_free(s->plan.cuts);
    dmx_free(s->client.turns);
    dmx_free(s);
}
