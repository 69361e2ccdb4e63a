/* mask.c - see nn/mask.h */
#include "cpu/ops.h"
#include "cpu/work.h"
#include "dsp/wiener.h"

#include <math.h>

static void magnitude_item(void *context, size_t step, int worker)
{
    (void)worker;
    const dmx_mask_args *args = context;
    const float *z = args->z.data + (ptrdiff_t)step * args->z.step_stride;
    float *magnitude = args->magnitude.data + (ptrdiff_t)step * args->magnitude.step_stride;
    const ptrdiff_t count = (ptrdiff_t)args->magnitude.bins * args->magnitude.channels;
    for (ptrdiff_t i = 0; i < count; i++) magnitude[i] = hypotf(z[2 * i], z[2 * i + 1]);
}

void dmx_cpu_magnitudes(dmx_exec *exec, const dmx_op *op)
{
    dmx_mask_args args = op->as.mask;
    dmx_exec_run(exec, (size_t)args.z.steps, 0, magnitude_item, &args);
}

/* Windows are independent, and so are blocks of bins in a window. */
enum { BLOCK_BINS = 64 };

typedef struct mask_job {
    const dmx_exec *exec;
    dmx_wiener wiener;
    double *scales; /* [windows] */
    size_t blocks;  /* of bins in a window */
} mask_job;

static void scale_item(void *context, size_t window, int worker)
{
    (void)worker;
    mask_job *job = context;
    job->scales[window] = dmx_wiener_scale(&job->wiener, window);
}

static void mask_item(void *context, size_t item, int worker)
{
    const mask_job *job = context;
    const size_t window = item / job->blocks, first = item % job->blocks * BLOCK_BINS;
    const size_t left = job->wiener.bins - first, bins = left < BLOCK_BINS ? left : BLOCK_BINS;
    double *scratch = (double *)(void *)dmx_exec_scratch(job->exec, worker);
    dmx_wiener_run(&job->wiener, window, job->scales[window], first, bins, scratch);
}

void dmx_cpu_mask(dmx_exec *exec, const dmx_op *op)
{
    const dmx_mask_args *args = &op->as.mask;
    mask_job job = {.exec = exec};
    dmx_wiener *w = &job.wiener;
    w->kernels = exec->kernels;
    w->channels = args->mask.channels;
    w->sources = args->mask.sources;
    w->iterations = args->mask.iterations;
    w->residual = args->mask.residual;
    w->steps = (size_t)args->z.steps;
    w->bins = (size_t)args->z.bins;
    w->mix = args->z.data;
    w->magnitude = args->magnitude.data;
    w->out = args->out.data;
    w->mix_step_stride = (size_t)args->z.step_stride;
    w->magnitude_step_stride = (size_t)args->magnitude.step_stride;
    w->out_step_stride = (size_t)args->out.step_stride;
    job.blocks = (w->bins + BLOCK_BINS - 1) / BLOCK_BINS;

    const size_t mark = exec->arena.used, windows = dmx_wiener_windows(w->steps);
    job.scales = dmx_arena_carve(&exec->arena, windows, sizeof(double));
    if (w->iterations > 0) dmx_exec_run(exec, windows, 0, scale_item, &job); /* first estimates need no scale */
    dmx_exec_run(exec, windows * job.blocks, dmx_wiener_scratch(w) * 2, mask_item, &job);
    exec->arena.used = mark;
}
