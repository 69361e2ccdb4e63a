/* separator.c - see separator.h; the counterpart of apply_model in the official apply.py */
#include "separate/separator.h"

#include "base/alloc.h"
#include "cpu/ops.h"
#include "separate/lanes.h"
#include "separate/memory.h"
#include "separate/options.h"
#include "separate/round.h"

#include <math.h>

/* ---- creation ---- */

/* The threads: a team of one for each job, for each of those a pool that it is the first of, and one pool of all for a
 * segment that is left over. Those that have nothing to do sleep. More jobs than lanes are of no use when a track is
 * not split. */
static demucs_status create_jobs(demucs_separator *s, dmx_cpu_level level, demucs_error *error)
{
    int count = s->options.jobs;
    if (!s->options.split && count > s->lane_count) count = s->lane_count;
    const int threads = s->options.threads > count ? s->options.threads / count : 1;
    s->jobs = dmx_alloc((size_t)count, sizeof *s->jobs);
    if (s->jobs == NULL) return dmx_memory_short(error);
    s->job_count = count;
    demucs_status status = dmx_thread_pool_create(&s->team, count, error);
    for (int j = 0; status == DEMUCS_OK && j < count; j++) {
        s->jobs[j].exec.ops = &dmx_cpu_ops;
        s->jobs[j].exec.kernels = dmx_kernels_get(level);
        status = dmx_thread_pool_create_among(&s->jobs[j].pool, threads, threads * count, error);
        s->jobs[j].exec.pool = s->jobs[j].pool;
    }
    if (status == DEMUCS_OK && count > 1) status = dmx_thread_pool_create(&s->everyone, threads * count, error);
    return status;
}

/* Settle the precision; where it is FAST, the members that will run get their weights for it. The model stays what it
 * was for everybody else, so it may be const to its users. */
static demucs_status choose_precision(demucs_separator *s, demucs_error *error)
{
    const dmx_kernels *kernels = s->jobs[0].exec.kernels;
    const bool bf16 = s->options.precision == DEMUCS_PRECISION_FAST && kernels->bf16_rows > 0;
    demucs_status status = DEMUCS_OK;
    for (int j = 0; j < s->job_count; j++) s->jobs[j].exec.bf16 = bf16;
    for (int i = 0; bf16 && i < s->lane_count && status == DEMUCS_OK; i++)
        status = dmx_model_add_bf16((demucs_model *)s->model, s->lanes[i].member, kernels, error);
    return status;
}

demucs_status dmx_separator_create(demucs_separator **out, const demucs_model *model, const demucs_options *options,
                                   demucs_error *error)
{
    *out = NULL;
    dmx_cpu_level level;
    demucs_separator *s = dmx_alloc(1, sizeof *s);
    if (s == NULL) return dmx_memory_short(error);
    s->model = model;
    demucs_status status = dmx_options_check(&s->options, model, options, error);
    if (status == DEMUCS_OK) status = dmx_options_cpu_level(&s->options, &level, error);
    if (status == DEMUCS_OK) status = dmx_lanes_create(s, error);
    if (status == DEMUCS_OK) status = create_jobs(s, level, error);
    if (status == DEMUCS_OK) status = choose_precision(s, error);
    if (status == DEMUCS_OK && s->options.split) status = dmx_memory_reserve(s, 0, error);
    if (status == DEMUCS_OK)
        *out = s;
    else
        dmx_separator_free(s);
    return status;
}

void dmx_separator_free(demucs_separator *s)
{
    if (s == NULL) return;
    dmx_thread_pool_free(s->team);
    dmx_thread_pool_free(s->everyone);
    for (int j = 0; j < s->job_count; j++) dmx_thread_pool_free(s->jobs[j].pool);
    dmx_memory_free(s);
    dmx_network_free(s->guest);
    dmx_free(s->jobs);
    dmx_free(s->wanted);
    dmx_free(s->shift_offsets);
    dmx_free(s->lanes);
    dmx_free(s->member_order);
    dmx_free(s);
}

/* ---- a track ---- */

void dmx_separator_reset(demucs_separator *s)
{
    s->state = DMX_STREAM_IDLE;
    s->segments_done = 0;
    s->planned = 0;
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
        demucs_status status = dmx_memory_reserve(s, (int64_t)total_frames, error);
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
        if (!dmx_round_plan(s)) {
            if (s->state == DMX_STREAM_FINISHED) dmx_separator_reset(s); /* the track is done */
            return DEMUCS_OK;
        }
        demucs_status status = dmx_round_run(s, error);
        if (status != DEMUCS_OK) return status;
    }
}
