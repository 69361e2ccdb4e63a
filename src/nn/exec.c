/* exec.c - see exec.h */
#include "nn/exec.h"

#include <assert.h>

void dmx_exec_run(dmx_exec *exec, size_t items, size_t scratch_floats, dmx_work_fn work, void *context)
{
    size_t rounded = (scratch_floats + 15) / 16 * 16;
    if (exec->planning) {
        if (rounded > exec->scratch_floats) exec->scratch_floats = rounded;
        return;
    }
    assert(rounded <= exec->scratch_floats);
    dmx_thread_pool_run(exec->pool, items, work, context);
}

float *dmx_exec_scratch(const dmx_exec *exec, int worker)
{
    return exec->scratch + (size_t)worker * exec->scratch_floats;
}
