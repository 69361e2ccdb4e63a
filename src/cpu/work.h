/* work.h - the CPU's work items: independent pieces of an operation that its threads share.
 *
 * Here, and nowhere else, planning is told from running: while planning, an item's scratch memory is counted and no
 * item runs. So whatever an operation computes belongs into items, also what one thread does alone (one item). */
#ifndef DMX_CPU_WORK_H
#define DMX_CPU_WORK_H

#include "nn/exec.h"

/* How many items can run at a time. */
int dmx_exec_threads(const dmx_exec *exec);

/* Run `items` work items of `scratch_floats` each; while planning, note the need and run nothing. */
void dmx_exec_run(dmx_exec *exec, size_t items, size_t scratch_floats, dmx_work_fn work, void *context);

/* The scratch memory of the worker that runs an item. */
float *dmx_exec_scratch(const dmx_exec *exec, int worker);

#endif
