/* apart.c - bins that do not look at one another, on the CPU: a work item takes one or two of them through all layers
 * of the body, on an exec of its own. That has no threads and takes its arena from the worker's scratch memory, so what
 * passes between the layers stays in the caches. */
#include "cpu/ops.h"
#include "cpu/work.h"

#include <stdint.h>

/* So few bins lie close together: no need to gather the steps of one, and too few items for the threads, which share
 * each layer instead. */
enum { FEW_BINS = 2 };

typedef struct apart_job {
    const dmx_exec *exec;
    dmx_exec plan; /* what an item needs at most */
    int bins, at_once;
    dmx_bins_fn body;
    const void *context;
} apart_job;

/* Range number `item`. */
static dmx_bins range(int bins, int at_once, size_t item, bool gather)
{
    const int first = (int)item * at_once, left = bins - first;
    return (dmx_bins){.first = first, .bins = left < at_once ? left : at_once, .gather = gather};
}

static void apart_item(void *context, size_t item, int worker)
{
    const apart_job *job = context;
    float *block = dmx_exec_scratch(job->exec, worker);
    dmx_exec own = {.ops = job->exec->ops,
                    .kernels = job->exec->kernels,
                    .scratch = block,
                    .scratch_floats = job->plan.scratch_floats,
                    .bf16 = job->exec->bf16,
                    .stop = job->exec->stop};
    own.arena = (dmx_arena){.block = (char *)(block + own.scratch_floats), .size = job->plan.arena.peak};
    const dmx_bins bins = range(job->bins, job->at_once, item, true);
    job->body(&own, job->context, &bins);
}

void dmx_cpu_run_apart(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context)
{
    const size_t items = ((size_t)bins + (size_t)at_once - 1) / (size_t)at_once;
    apart_job job = {.exec = exec, .bins = bins, .at_once = at_once, .body = body, .context = context};
    job.plan = dmx_cpu_plan(exec->kernels, NULL, exec->bf16);
    for (size_t i = 0; i < items; i++) {
        const dmx_bins part = range(bins, at_once, i, bins > FEW_BINS);
        body(bins > FEW_BINS ? &job.plan : exec, context, &part);
    }
    if (bins <= FEW_BINS) return;
    exec->flops += job.plan.flops;
    if (job.plan.arena.peak == SIZE_MAX) exec->arena.peak = SIZE_MAX; /* more than there can be: see arena.h */
    const size_t arena_floats = job.plan.arena.peak / sizeof(float);
    dmx_exec_run(exec, items, job.plan.scratch_floats + arena_floats, apart_item, &job);
}
