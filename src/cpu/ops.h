/* ops.h - the CPU carries out operations (nn/ops.h), at once or from a list. */
#ifndef DMX_CPU_OPS_H
#define DMX_CPU_OPS_H

#include "nn/record.h"

/* Operations on the memory of this process, by exec->kernels and the threads of exec->pool. What they need for
 * themselves they take from exec->arena and from the threads' scratch memory; with exec->planning set they only count
 * it. */
extern const dmx_ops dmx_cpu_ops;

/* An exec that counts what a forward pass needs: run the pass on it, then look at arena.peak (bytes), scratch_floats
 * (of each thread) and flops. `pool` may be NULL. */
dmx_exec dmx_cpu_plan(const dmx_kernels *kernels, dmx_thread_pool *pool, bool bf16);

/* Carry out a recorded pass: stems = network(mix), with the bits that the pass has at once on the same exec, see
 * dmx_network_run. Activations lie where the list says; exec->arena, like the threads' scratch memory, is for what
 * single operations need for a while: planned like a pass, with exec->planning and mix and stems NULL. */
void dmx_cpu_replay(dmx_exec *exec, const dmx_op_list *list, const float *mix, float *stems);

/* ---- between the files of this folder: one operation each, with its arguments in op->as ---- */

void dmx_cpu_clear_margins(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_copy(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_add(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_add_row(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_join_band(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_conv(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_normed_linear(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_norm(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_norm_glu(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_layer_norm(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_moments_of_grid(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_normalise(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_restore(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_attention(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_local_attention(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_periods_widen(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_periods_join(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_lstm(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_framing_cut(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_framing_join(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_positions(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_moments_of_mix(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_planes_pad(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_planes_interleave(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_planes_take(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_stft(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_stem_write(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_stems_write(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_magnitudes(dmx_exec *exec, const dmx_op *op);
void dmx_cpu_mask(dmx_exec *exec, const dmx_op *op);

void dmx_cpu_run_apart(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context);

#endif
