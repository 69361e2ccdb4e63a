/* planes.c - sound on its way in: mean, padding, another rate, interleaving; and what undoes it. See nn/audio.h */
#include "cpu/planes.h"
#include "cpu/ops.h"
#include "cpu/work.h"

#include <math.h>
#include <string.h>

enum { BLOCK_FRAMES = 1 << 14 }; /* what a work item resamples or rearranges */

const float *dmx_cpu_plane(const dmx_exec *exec, const dmx_grid *planes, int channel)
{
    return (planes->data != NULL ? planes->data : exec->mix) + (ptrdiff_t)channel * planes->step_stride;
}

typedef struct planes_job {
    const dmx_exec *exec;
    const dmx_planes_args *args;
    int frames; /* of what the items write */
} planes_job;

/* One item for each block of `frames` frames. What is resampled goes through the scratch memory: first the filter's
 * own, then a block. */
static void run_blocks(dmx_exec *exec, const dmx_op *op, int frames, dmx_work_fn work)
{
    planes_job job = {.exec = exec, .args = &op->as.planes, .frames = frames};
    const dmx_resample_kernel *kernel = job.args->kernel;
    dmx_exec_run(exec, ((size_t)frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES,
                 kernel != NULL ? 2 * kernel->taps + BLOCK_FRAMES : 0, work, &job);
}

/* The frames of a block. */
static ptrdiff_t block_of(const planes_job *job, size_t item, ptrdiff_t *first)
{
    *first = (ptrdiff_t)item * BLOCK_FRAMES;
    const ptrdiff_t left = job->frames - *first;
    return left < BLOCK_FRAMES ? left : BLOCK_FRAMES;
}

/* Frames [first, first + count) of a channel, at the other rate if there is one. */
static const float *frames_of(const planes_job *job, int channel, ptrdiff_t first, ptrdiff_t count, int worker)
{
    const dmx_planes_args *args = job->args;
    const float *plane = dmx_cpu_plane(job->exec, &args->from, channel);
    if (args->kernel == NULL) return plane + first;
    float *scratch = dmx_exec_scratch(job->exec, worker), *block = scratch + 2 * args->kernel->taps;
    dmx_resample_range(args->kernel, plane, (size_t)args->from.bins, block, (size_t)first, (size_t)count, scratch);
    return block;
}

static float value_or(const dmx_planes_args *args, int which, float otherwise)
{
    return args->normed ? args->moments.data[which] : otherwise;
}

/* ---- in ---- */

/* The official code gets NaN from a single sample. */
static void moments_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const planes_job *job = context;
    const dmx_grid *mix = &job->args->from;
    const float *x = dmx_cpu_plane(job->exec, mix, 0);
    const double frames = mix->bins;
    double sum = 0, square_sum = 0;
    for (int i = 0; i < mix->bins; i++) {
        double mono = 0;
        for (int c = 0; c < mix->steps; c++) mono += x[c * mix->step_stride + i];
        mono /= mix->steps;
        sum += mono;
        square_sum += mono * mono;
    }
    const double mean = sum / frames, m2 = square_sum - sum * mean;
    float *moments = job->args->moments.data;
    moments[DMX_MEAN] = (float)mean;
    moments[DMX_DEVIATION] = mix->bins > 1 && m2 > 0 ? (float)sqrt(m2 / (frames - 1)) : 0;
    moments[DMX_SCALE] = 1 / (1e-5f + moments[DMX_DEVIATION]);
    moments[DMX_SHIFT] = -moments[DMX_MEAN] * moments[DMX_SCALE];
}

void dmx_cpu_moments_of_mix(dmx_exec *exec, const dmx_op *op)
{
    planes_job job = {.exec = exec, .args = &op->as.planes};
    dmx_exec_run(exec, 1, 0, moments_item, &job);
}

static void pad_item(void *context, size_t channel, int worker)
{
    (void)worker;
    const planes_job *job = context;
    const dmx_planes_args *args = job->args;
    const float mean = value_or(args, DMX_MEAN, 0), scale = value_or(args, DMX_SCALE, 1);
    const float *from = dmx_cpu_plane(job->exec, &args->from, (int)channel);
    float *plane = args->to.data + (ptrdiff_t)channel * args->to.step_stride, *to = plane + args->front;
    memset(plane, 0, (size_t)args->to.bins * sizeof *plane);
    for (ptrdiff_t i = 0; i < args->from.bins; i++) to[i] = (from[i] - mean) * scale;
}

void dmx_cpu_planes_pad(dmx_exec *exec, const dmx_op *op)
{
    planes_job job = {.exec = exec, .args = &op->as.planes};
    dmx_exec_run(exec, (size_t)job.args->to.steps, 0, pad_item, &job);
}

static void interleave_item(void *context, size_t item, int worker)
{
    const planes_job *job = context;
    const dmx_grid *x = &job->args->to;
    ptrdiff_t first, count = block_of(job, item, &first);
    for (int c = 0; c < x->channels; c++) {
        const float *restrict from = frames_of(job, c, first, count, worker);
        float *restrict to = x->data + first * x->channels + c;
        for (ptrdiff_t i = 0; i < count; i++) to[i * x->channels] = from[i];
    }
}

void dmx_cpu_planes_interleave(dmx_exec *exec, const dmx_op *op)
{
    run_blocks(exec, op, op->as.planes.to.bins, interleave_item);
}

/* ---- out ---- */

static void take_item(void *context, size_t item, int worker)
{
    (void)worker;
    const planes_job *job = context;
    const dmx_grid *x = &job->args->from, *planes = &job->args->to;
    const ptrdiff_t last = x->bins - 1;
    ptrdiff_t first, count = block_of(job, item, &first);
    for (int c = 0; c < planes->steps; c++) {
        const float *from = x->data + job->args->first + c;
        float *plane = planes->data + (ptrdiff_t)c * planes->step_stride;
        for (ptrdiff_t i = first; i < first + count; i++) plane[i] = from[(i < last ? i : last) * x->channels];
    }
}

void dmx_cpu_planes_take(dmx_exec *exec, const dmx_op *op) { run_blocks(exec, op, op->as.planes.to.bins, take_item); }

static void stem_item(void *context, size_t item, int worker)
{
    const planes_job *job = context;
    const dmx_planes_args *args = job->args;
    const float deviation = value_or(args, DMX_DEVIATION, 1), mean = value_or(args, DMX_MEAN, 0);
    const int channels = args->from.steps;
    ptrdiff_t first, count = block_of(job, item, &first);
    for (int c = 0; c < channels; c++) {
        const float *restrict from = frames_of(job, c, args->front + first, count, worker);
        float *restrict stem = job->exec->stems + ((ptrdiff_t)args->source * channels + c) * args->frames + first;
        for (ptrdiff_t i = 0; i < count; i++) stem[i] = from[i] * deviation + mean;
    }
}

void dmx_cpu_stem_write(dmx_exec *exec, const dmx_op *op) { run_blocks(exec, op, op->as.planes.frames, stem_item); }
