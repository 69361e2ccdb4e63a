/* exec.c - see exec.h */
#include "nn/exec.h"

#include <assert.h>
#include <stdint.h>

int dmx_exec_threads(const dmx_exec *exec) { return exec->pool != NULL ? dmx_thread_pool_size(exec->pool) : 1; }

void dmx_exec_run(dmx_exec *exec, size_t items, size_t scratch_floats, dmx_work_fn work, void *context)
{
    size_t rounded = (scratch_floats + 15) / 16 * 16;
    if (exec->planning) {
        if (rounded > exec->scratch_floats) exec->scratch_floats = rounded;
        return;
    }
    assert(rounded <= exec->scratch_floats);
    if (exec->pool != NULL) {
        dmx_thread_pool_run(exec->pool, items, work, context);
        return;
    }
    for (size_t i = 0; i < items; i++) work(context, i, 0);
}

typedef struct apart_job {
    const dmx_exec *exec;
    dmx_exec plan; /* what an item needs at most */
    dmx_body_fn body;
    void *context;
} apart_job;

static void apart_item(void *context, size_t item, int worker)
{
    const apart_job *job = context;
    float *block = dmx_exec_scratch(job->exec, worker);
    dmx_exec own = {.kernels = job->exec->kernels,
                    .scratch = block,
                    .scratch_floats = job->plan.scratch_floats,
                    .bf16 = job->exec->bf16};
    own.arena = (dmx_arena){.block = (char *)(block + own.scratch_floats), .size = job->plan.arena.peak};
    job->body(&own, job->context, item);
}

void dmx_exec_run_apart(dmx_exec *exec, size_t items, dmx_body_fn body, void *context)
{
    apart_job job = {.exec = exec,
                     .plan = {.kernels = exec->kernels, .planning = true, .bf16 = exec->bf16},
                     .body = body,
                     .context = context};
    for (size_t i = 0; i < items; i++) body(&job.plan, context, i);
    exec->flops += job.plan.flops;
    if (job.plan.arena.peak == SIZE_MAX) exec->arena.peak = SIZE_MAX; /* more than there can be: see arena.h */
    const size_t arena_floats = job.plan.arena.peak / sizeof(float);
    dmx_exec_run(exec, items, job.plan.scratch_floats + arena_floats, apart_item, &job);
}

float *dmx_exec_scratch(const dmx_exec *exec, int worker)
{
    return exec->scratch + (size_t)worker * exec->scratch_floats;
}
