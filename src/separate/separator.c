/* separator.c - see separator.h; the counterpart of apply_model in the official apply.py */
#include "separate/separator.h"

#include "base/alloc.h"
#include "separate/options.h"

#include <math.h>
#include <string.h>

enum { PUSH_SLACK = 1 << 15 }; /* frames of room beyond what the next segment needs, so that pushes come in pieces */

/* ---- segments ---- */

static const dmx_network *lane_network(const demucs_separator *s, const dmx_lane *lane)
{
    return s->model->members[lane->member].network;
}

/* The length that a chunk of `frames` is padded to before it enters the network, or -1. */
static int64_t input_length(const demucs_separator *s, const dmx_lane *lane, int64_t frames)
{
    const dmx_network *network = lane_network(s, lane);
    if (network->segment_is_limit && s->options.segment_seconds > 0) {
        const int64_t asked = (int64_t)(s->options.segment_seconds * network->sample_rate_hz);
        return asked < frames || network->family->valid_length(network, asked) < 0 ? -1 : asked;
    }
    return network->family->valid_length(network, frames);
}

static int64_t segment_frames(const demucs_separator *s, const dmx_network *network)
{
    if (!s->options.split) return 0;
    if (s->options.segment_seconds > 0) return (int64_t)(s->options.segment_seconds * network->sample_rate_hz);
    return dmx_segment_frames(network->segment, network->sample_rate_hz);
}

/* ---- memory ---- */

static demucs_status out_of_memory(demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY,
                    "There is not enough memory for the separation; use shorter segments or fewer threads.");
}

/* Make the activations and the scratch memory large enough for a network input of `length` frames. Planning runs the
 * forward pass without computing. */
static demucs_status reserve_network(demucs_separator *s, const dmx_network *network, int64_t length,
                                     demucs_error *error)
{
    dmx_exec plan = {.kernels = s->exec.kernels, .pool = s->exec.pool, .planning = true, .bf16 = s->exec.bf16};
    network->family->forward(network, &plan, NULL, length, s->wanted, NULL);
    const size_t threads = (size_t)dmx_thread_pool_size(s->exec.pool);
    if (plan.arena.peak > s->exec.arena.size) {
        dmx_free(s->exec.arena.block);
        s->exec.arena = (dmx_arena){0};
        s->exec.arena.block = dmx_alloc(plan.arena.peak, 1);
        if (s->exec.arena.block == NULL) return out_of_memory(error);
        s->exec.arena.size = plan.arena.peak;
    }
    if (plan.scratch_floats > s->exec.scratch_floats) {
        dmx_free(s->exec.scratch);
        s->exec.scratch_floats = 0;
        s->exec.scratch = dmx_alloc(threads * plan.scratch_floats, sizeof(float));
        if (s->exec.scratch == NULL) return out_of_memory(error);
        s->exec.scratch_floats = plan.scratch_floats;
    }
    return DEMUCS_OK;
}

/* What one segment passes through, for segments of up to `segment` frames and network inputs of up to `longest`. */
static void carve_block(demucs_separator *s, dmx_arena *arena, int64_t segment, int64_t longest)
{
    const size_t channels = (size_t)s->model->channels, sources = (size_t)s->model->source_count;
    /* A short chunk is centred in the network's input: half of it may lie before the chunk. */
    dmx_window_carve(&s->window, arena, s->model->channels, longest / 2 + 1 + longest + PUSH_SLACK);
    dmx_mixdown_carve(&s->mixdown, arena, s->wanted_count * s->model->channels, segment);
    s->chunk = dmx_arena_floats(arena, channels * (size_t)longest);
    s->result = dmx_arena_floats(arena, sources * channels * (size_t)longest);
    s->share = dmx_arena_floats(arena, (size_t)segment);
    for (int i = 0; i < s->lane_count; i++) {
        dmx_lane *lane = &s->lanes[i];
        const bool same_as_before = i > 0 && lane->member == s->lanes[i - 1].member;
        lane->triangle = same_as_before ? s->lanes[i - 1].triangle : dmx_arena_floats(arena, (size_t)lane->segment);
    }
}

/* Reserve for lanes whose segments are known, or, unsplit, for a track of `track_frames`. */
static demucs_status reserve(demucs_separator *s, int64_t track_frames, demucs_error *error)
{
    int64_t segment = 0, longest = 0;
    for (int i = 0; i < s->lane_count; i++) {
        const dmx_lane *lane = &s->lanes[i];
        const int64_t frames = lane->segment > 0 ? lane->segment : track_frames - lane->start;
        const int64_t length = input_length(s, lane, frames);
        if (length < 0)
            return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                            "%s cannot run on %lld frames at once; let the track be split into segments.",
                            s->model->members[lane->member].path, (long long)frames);
        if (frames > segment) segment = frames;
        if (length > longest) longest = length;
        demucs_status status = reserve_network(s, lane_network(s, lane), length, error);
        if (status != DEMUCS_OK) return status;
    }
    dmx_arena count = {0};
    carve_block(s, &count, segment, longest);
    dmx_free(s->block);
    s->block_bytes = 0;
    s->block = dmx_alloc(count.peak, 1);
    if (s->block == NULL) return out_of_memory(error);
    s->block_bytes = count.peak;
    s->longest = longest;
    dmx_arena arena = {.block = s->block, .size = count.peak};
    carve_block(s, &arena, segment, longest);
    for (int i = 0; i < s->lane_count; i++)
        if (i == 0 || s->lanes[i].triangle != s->lanes[i - 1].triangle)
            dmx_triangle(s->lanes[i].segment, s->options.transition_power, s->lanes[i].triangle);
    return DEMUCS_OK;
}

/* ---- creation ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): a full-period generator from any seed. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Offsets uniform in 0..max_shift for every member and shift, those of members that will not run included: so what is
 * wanted does not change them. */
static void draw_shifts(demucs_separator *s)
{
    const uint64_t range = (uint64_t)(s->model->sample_rate_hz / 2) + 1;
    uint64_t state = s->options.seed;
    for (int i = 0; i < s->model->count * s->options.shifts; i++)
        s->shift_offsets[i] = s->options.shift_offsets != NULL ? s->options.shift_offsets[i]
                                                               : (int)((random_next(&state) >> 32) * range >> 32);
}

static bool member_serves(const demucs_separator *s, int member)
{
    for (int source = 0; source < s->model->source_count; source++)
        if (s->wanted[source] && s->model->members[member].weights[source] > 0) return true;
    return false;
}

static void add_lanes(demucs_separator *s, int member)
{
    const dmx_network *network = s->model->members[member].network;
    const int shifts = s->options.shifts > 0 ? s->options.shifts : 1;
    for (int shift = 0; shift < shifts; shift++) {
        dmx_lane *lane = &s->lanes[s->lane_count++];
        lane->member = member;
        lane->shift = shift;
        if (s->options.shifts > 0)
            lane->start = s->shift_offsets[member * shifts + shift] - network->sample_rate_hz / 2;
        lane->segment = segment_frames(s, network);
        lane->stride = (int64_t)((1 - s->options.overlap) * (double)lane->segment);
        if (lane->stride < 1) lane->stride = 1;
    }
}

static demucs_status create_lanes(demucs_separator *s, demucs_error *error)
{
    const size_t members = (size_t)s->model->count;
    const size_t shifts = s->options.shifts > 0 ? (size_t)s->options.shifts : 1;
    s->wanted = dmx_alloc((size_t)s->model->source_count, sizeof *s->wanted);
    s->shift_offsets = dmx_alloc(members * shifts, sizeof *s->shift_offsets);
    s->lanes = dmx_alloc(members * shifts, sizeof *s->lanes);
    s->member_order = dmx_alloc(members, sizeof *s->member_order);
    if (s->wanted == NULL || s->shift_offsets == NULL || s->lanes == NULL || s->member_order == NULL)
        return out_of_memory(error);
    for (int i = 0; i < s->model->source_count; i++) {
        s->wanted[i] = s->options.wanted == NULL || s->options.wanted[i];
        s->wanted_count += s->wanted[i];
    }
    draw_shifts(s);
    for (int m = 0; m < s->model->count; m++) {
        if (!member_serves(s, m)) continue;
        s->member_order[m] = s->member_count++;
        add_lanes(s, m);
    }
    s->options.wanted = NULL; /* the caller's memory: not ours to look at again */
    s->options.shift_offsets = NULL;
    s->options.cpu = NULL;
    return DEMUCS_OK;
}

/* Settle the precision; where it is FAST, the members that will run get their weights for it. The model stays what it
 * was for everybody else, so it may be const to its users. */
static demucs_status choose_precision(demucs_separator *s, demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    s->exec.bf16 = s->options.precision == DEMUCS_PRECISION_FAST && s->exec.kernels->bf16_rows > 0;
    for (int m = 0; s->exec.bf16 && m < s->model->count && status == DEMUCS_OK; m++)
        if (member_serves(s, m)) status = dmx_model_add_bf16((demucs_model *)s->model, m, s->exec.kernels, error);
    return status;
}

demucs_status dmx_separator_create(demucs_separator **out, const demucs_model *model, const demucs_options *options,
                                   demucs_error *error)
{
    *out = NULL;
    dmx_cpu_level level;
    demucs_separator *s = dmx_alloc(1, sizeof *s);
    if (s == NULL) return out_of_memory(error);
    s->model = model;
    demucs_status status = dmx_options_check(&s->options, model, options, error);
    if (status == DEMUCS_OK) status = dmx_options_cpu_level(&s->options, &level, error);
    if (status == DEMUCS_OK) status = dmx_thread_pool_create(&s->exec.pool, s->options.threads, error);
    if (status == DEMUCS_OK) s->exec.kernels = dmx_kernels_get(level);
    if (status == DEMUCS_OK) status = create_lanes(s, error);
    if (status == DEMUCS_OK) status = choose_precision(s, error);
    if (status == DEMUCS_OK && s->options.split) status = reserve(s, 0, error);
    if (status == DEMUCS_OK)
        *out = s;
    else
        dmx_separator_free(s);
    return status;
}

void dmx_separator_free(demucs_separator *s)
{
    if (s == NULL) return;
    dmx_thread_pool_free(s->exec.pool);
    dmx_network_free(s->guest);
    dmx_free(s->exec.arena.block);
    dmx_free(s->exec.scratch);
    dmx_free(s->block);
    dmx_free(s->wanted);
    dmx_free(s->shift_offsets);
    dmx_free(s->lanes);
    dmx_free(s->member_order);
    dmx_free(s);
}

/* ---- running ---- */

void dmx_separator_reset(demucs_separator *s)
{
    s->state = DMX_STREAM_IDLE;
    s->segments_done = 0;
    for (int i = 0; i < s->lane_count; i++) s->lanes[i].next = s->lanes[i].start;
}

demucs_status dmx_separator_begin(demucs_separator *s, size_t total_frames, const demucs_loudness *loudness,
                                  demucs_error *error)
{
    dmx_separator_reset(s);
    s->total_frames = total_frames;
    s->mean = 0;
    s->scale = 1;
    if (s->options.normalize) {
        const double variance = loudness->frames > 1 ? loudness->m2 / (double)(loudness->frames - 1) : 0;
        s->mean = (float)loudness->mean;
        s->scale = (float)(sqrt(variance) + 1e-8);
    }
    if (!s->options.split) {
        demucs_status status = reserve(s, (int64_t)total_frames, error);
        if (status != DEMUCS_OK) return status;
    }
    dmx_window_reset(&s->window);
    dmx_mixdown_reset(&s->mixdown);
    s->state = DMX_STREAM_OPEN;
    return DEMUCS_OK;
}

size_t dmx_separator_push(demucs_separator *s, const float *const *mix, size_t frames)
{
    return dmx_window_push(&s->window, mix, frames, s->mean, 1 / s->scale);
}

/* The lane to run next: the one furthest behind that is not done, or NULL. */
static dmx_lane *next_lane(const demucs_separator *s)
{
    dmx_lane *behind = NULL;
    for (int i = 0; i < s->lane_count; i++) {
        dmx_lane *lane = &s->lanes[i];
        if (s->state == DMX_STREAM_FINISHED && lane->next >= s->window.end) continue;
        if (behind == NULL || lane->next < behind->next) behind = lane;
    }
    return behind;
}

/* The segment that a lane would run now: `frames` at lane->next, padded to `length` from track frame `first` on. False
 * when the mix that it needs is not there yet. */
static bool next_segment(const demucs_separator *s, const dmx_lane *lane, int64_t *frames, int64_t *length,
                         int64_t *first)
{
    const bool finished = s->state == DMX_STREAM_FINISHED;
    if (!finished && lane->segment == 0) return false;
    *frames = finished ? dmx_lane_frames(lane, s->window.end) : lane->segment;
    *length = input_length(s, lane, *frames);
    *first = lane->next - (*length - *frames) / 2;
    return finished || *first + *length <= s->window.end;
}

static bool report(const demucs_separator *s, const dmx_lane *lane, bool finished)
{
    if (s->options.progress == NULL) return false;
    demucs_progress progress = {.member = s->member_order[lane->member],
                                .members = s->member_count,
                                .shift = lane->shift,
                                .shifts = s->options.shifts > 0 ? s->options.shifts : 1,
                                .segment_offset = lane->next - lane->start,
                                .finished = finished,
                                .segments_done = s->segments_done,
                                .audio_frames = s->total_frames};
    for (int i = 0; i < s->lane_count; i++)
        progress.segments_total += (size_t)dmx_lane_segments(&s->lanes[i], (int64_t)s->total_frames);
    return s->options.progress(&progress, s->options.progress_user);
}

/* Add the network's result, cut to the segment, to the mixdown. */
static void mix_result(demucs_separator *s, const dmx_lane *lane, int64_t frames, int64_t length)
{
    const int channels = s->model->channels;
    const int64_t trimmed = (length - frames) / 2;
    const int shifts = s->options.shifts > 0 ? s->options.shifts : 1;
    dmx_lane_share(lane, frames, s->share);
    dmx_mixdown_compact(&s->mixdown);
    int plane = 0;
    for (int source = 0; source < s->model->source_count; source++) {
        if (!s->wanted[source]) continue;
        const double weight = s->model->members[lane->member].weights[source] / s->model->totals[source] / shifts;
        for (int c = 0; c < channels; c++, plane++) {
            if (weight == 0) continue;
            const float *values = s->result + (source * channels + c) * length + trimmed;
            dmx_mixdown_add(&s->mixdown, plane, lane->next, frames, (float)weight, s->share, values);
        }
    }
}

/* Say what is complete now, and forget what no lane needs any more. */
static void advance(demucs_separator *s)
{
    const dmx_lane *behind = next_lane(s);
    int64_t ready = behind != NULL ? behind->next : s->window.end;
    if (ready > s->window.end) ready = s->window.end;
    if (ready > s->mixdown.ready) s->mixdown.ready = ready;
    if (behind != NULL) dmx_window_forget(&s->window, behind->next - s->longest / 2 - 1);
}

static demucs_status cancelled(demucs_separator *s, demucs_error *error)
{
    dmx_separator_reset(s);
    return dmx_fail(error, DEMUCS_ERROR_CANCELLED, "The separation was cancelled.");
}

/* A stage of the network is done; `grid` is what it gave, for the engine's own tests. */
static void on_stage(void *context, const char *stage, const struct dmx_grid *grid)
{
    demucs_separator *s = context;
    (void)grid;
    s->options.stage(stage, s->exec.flops, s->options.stage_user);
    s->exec.flops = 0;
}

/* The network of a lane with its weights: the model's own, or, where memory is short, one that is loaded for its turn.
 */
static demucs_status weighted_network(demucs_separator *s, const dmx_lane *lane, const dmx_network **network,
                                      demucs_error *error)
{
    const dmx_member *member = &s->model->members[lane->member];
    *network = member->network;
    if (member->resident) return DEMUCS_OK;
    if (s->guest == NULL || s->guest_member != lane->member) {
        dmx_network_free(s->guest);
        s->guest = NULL;
        demucs_status status = dmx_member_reload(&s->guest, member, error);
        if (status != DEMUCS_OK) return status;
        if (s->exec.bf16 && !s->guest->family->add_bf16(s->guest, s->exec.kernels)) {
            dmx_network_free(s->guest);
            s->guest = NULL;
            return out_of_memory(error);
        }
        s->guest_member = lane->member;
    }
    *network = s->guest;
    return DEMUCS_OK;
}

/* Everything that may fail before the network runs on `length` frames. */
static demucs_status prepare_network(demucs_separator *s, const dmx_lane *lane, int64_t frames, int64_t length,
                                     const dmx_network **network, demucs_error *error)
{
    if (length < 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "%s cannot run on a last chunk of %lld frames; use another segment.",
                        s->model->members[lane->member].path, (long long)frames);
    demucs_status status = weighted_network(s, lane, network, error);
    /* The memory was planned for full segments. A shorter last chunk nearly always fits into it. */
    const bool planned = lane->segment == 0 || frames == lane->segment;
    return status == DEMUCS_OK && !planned ? reserve_network(s, *network, length, error) : status;
}

static demucs_status run_segment(demucs_separator *s, dmx_lane *lane, int64_t frames, int64_t length, int64_t first,
                                 demucs_error *error)
{
    const dmx_network *network = NULL;
    if (length >= 0 && report(s, lane, false)) return cancelled(s, error);
    demucs_status status = prepare_network(s, lane, frames, length, &network, error);
    if (status != DEMUCS_OK) {
        dmx_separator_reset(s);
        return status;
    }
    dmx_window_read(&s->window, first, length, s->chunk);
    const bool measured = s->options.stage != NULL;
    s->exec.flops = 0;
    s->exec.trace = measured ? on_stage : NULL;
    s->exec.trace_context = s;
    network->family->forward(network, &s->exec, s->chunk, length, s->wanted, s->result);
    if (measured) on_stage(s, "stems", NULL);
    mix_result(s, lane, frames, length);
    if (measured) on_stage(s, "overlap_add", NULL);
    s->segments_done++;
    if (report(s, lane, true)) return cancelled(s, error);
    lane->next = lane->segment > 0 ? lane->next + lane->stride : s->window.end;
    advance(s);
    return DEMUCS_OK;
}

static bool wanted_planes(const demucs_separator *s, float *const *stems, float **planes)
{
    const int channels = s->model->channels;
    int plane = 0;
    for (int source = 0; source < s->model->source_count; source++)
        for (int c = 0; s->wanted[source] && c < channels; c++) planes[plane++] = stems[source * channels + c];
    return plane > 0;
}

demucs_status dmx_separator_pull(demucs_separator *s, float *const *stems, size_t capacity, size_t *frames,
                                 demucs_error *error)
{
    float *planes[DMX_MAX_SOURCES * DMX_MAX_CHANNELS];
    *frames = 0;
    if (capacity == 0 || !wanted_planes(s, stems, planes)) return DEMUCS_OK;
    for (;;) {
        *frames = dmx_mixdown_take(&s->mixdown, capacity, s->scale, s->mean, planes);
        if (*frames > 0) return DEMUCS_OK;
        dmx_lane *lane = next_lane(s);
        if (lane == NULL) {
            dmx_separator_reset(s); /* the track is done */
            return DEMUCS_OK;
        }
        int64_t segment, length, first;
        if (!next_segment(s, lane, &segment, &length, &first)) return DEMUCS_OK;
        demucs_status status = run_segment(s, lane, segment, length, first, error);
        if (status != DEMUCS_OK) return status;
    }
}
