/* exec.h - what a forward pass runs on: who carries out its operations, and memory for what they compute.
 *
 * A forward pass says in what order operations (ops.h) follow one another and where their results go. It takes its
 * activations from the arena as it goes along and gives them back stack-wise, so memory is shared between stages that
 * do not live at the same time. To know beforehand how much that is, the same forward pass is run once with `planning`
 * set: arrays are counted and nothing is computed. So there is no second formula for sizes, and after planning nothing
 * can fail. */
#ifndef DMX_NN_EXEC_H
#define DMX_NN_EXEC_H

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct dmx_grid;    /* grid.h */
struct dmx_ops;     /* ops.h */
struct dmx_op_list; /* record.h */

typedef struct dmx_exec {
    /* Who carries out the operations: dmx_cpu_ops (cpu/ops.h) or dmx_record_ops (record.h). */
    const struct dmx_ops *ops;

    /* What a pass reads and writes besides the arena. Only operations look at it; dmx_network_run fills it in. */
    const float *mix; /* [channels][frames] */
    float *stems;     /* [sources][channels][frames] */

    dmx_arena arena; /* activations */

    struct dmx_op_list *list; /* for the recorder: where operations go, or NULL */

    /* For the CPU. */
    const dmx_kernels *kernels;
    dmx_thread_pool *pool;   /* NULL: everything runs in the calling thread */
    float *scratch;          /* [threads][scratch_floats] memory of one work item */
    size_t scratch_floats;   /* while planning: the most that any item asked for so far */
    bool planning;           /* count memory and operations, and compute nothing */
    bool bf16;               /* layers that have weights in bfloat16 use them, and attention too */
    const atomic_bool *stop; /* NULL, or true as soon as nobody wants the result: nothing more is computed */
    double flops; /* of matrix products so far, a multiplication and an addition counted as two; planning counts too */

    void (*trace)(void *context, const char *stage, const struct dmx_grid *grid); /* tests look at stages; else NULL */
    void *trace_context;
} dmx_exec;

#endif
