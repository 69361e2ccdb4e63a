/* exec.h - what a layer needs to run: kernels, threads, and memory for what it computes.
 *
 * A forward pass takes its activations from the arena as it goes along and gives them back stack-wise, so memory is
 * shared between stages that do not live at the same time. To know beforehand how much that is, the same forward pass
 * is run once with `planning` set: arrays are counted and nothing is computed. So there is no second formula for sizes,
 * and after planning nothing can fail. */
#ifndef DMX_NN_EXEC_H
#define DMX_NN_EXEC_H

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

#include <stdbool.h>
#include <stddef.h>

struct dmx_grid; /* grid.h */

typedef struct dmx_exec {
    const dmx_kernels *kernels;
    dmx_thread_pool *pool; /* NULL: everything runs in the calling thread */
    dmx_arena arena;       /* activations */
    float *scratch;        /* [threads][scratch_floats] memory of one work item */
    size_t scratch_floats; /* while planning: the most that any item asked for so far */
    bool planning;
    bool bf16; /* layers that have weights in bfloat16 use them, and attention too */
    void (*trace)(void *context, const char *stage, const struct dmx_grid *grid); /* tests look at stages; else NULL */
    void *trace_context;
    double flops; /* of matrix products so far, a multiplication and an addition counted as two; planning counts too */
} dmx_exec;

/* How many items can run at a time. */
int dmx_exec_threads(const dmx_exec *exec);

/* Run `items` work items of `scratch_floats` each; while planning, note the need and run nothing. */
void dmx_exec_run(dmx_exec *exec, size_t items, size_t scratch_floats, dmx_work_fn work, void *context);

/* Work items that are small forward passes themselves: `body` runs layers on an exec of its own, which has no threads
 * and takes its arena from the worker's scratch memory, so what passes between those layers stays in the caches. `body`
 * is also run for planning, for every item (exec->planning). */
typedef void (*dmx_body_fn)(dmx_exec *own, void *context, size_t item);
void dmx_exec_run_apart(dmx_exec *exec, size_t items, dmx_body_fn body, void *context);

/* The scratch memory of the worker that runs an item. */
float *dmx_exec_scratch(const dmx_exec *exec, int worker);

#endif
