/* work.c - see work.h */
#include "cpu/work.h"

#include <assert.h>

int dmx_exec_threads(const dmx_exec *exec) { return exec->pool != NULL ? dmx_thread_pool_size(exec->pool) : 1; }

void dmx_exec_run(dmx_exec *exec, size_t items, size_t scratch_floats, dmx_work_fn work, void *context)
{
    size_t rounded = (scratch_floats + 15) / 16 * 16;
    if (exec->planning) {
        if (rounded > exec->scratch_floats) exec->scratch_floats = rounded;
        return;
    }
    assert(rounded <= exec->scratch_floats);
    if (exec->stop != NULL && atomic_load_explicit(exec->stop, memory_order_relaxed)) return;
    if (exec->pool != NULL) {
        dmx_thread_pool_run(exec->pool, items, work, context);
        return;
    }
    for (size_t i = 0; i < items; i++) work(context, i, 0);
}

float *dmx_exec_scratch(const dmx_exec *exec, int worker)
{
    return exec->scratch + (size_t)worker * exec->scratch_floats;
}
