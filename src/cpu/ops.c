/* ops.c - the table of the CPU's operations; see ops.h */
#include "cpu/ops.h"

static void (*const table[DMX_OP_KINDS])(dmx_exec *exec, const dmx_op *op) = {
    [DMX_OP_CLEAR_MARGINS] = dmx_cpu_clear_margins,
    [DMX_OP_COPY] = dmx_cpu_copy,
    [DMX_OP_ADD] = dmx_cpu_add,
    [DMX_OP_ADD_ROW] = dmx_cpu_add_row,
    [DMX_OP_JOIN_BAND] = dmx_cpu_join_band,
    [DMX_OP_CONV] = dmx_cpu_conv,
    [DMX_OP_NORMED_LINEAR] = dmx_cpu_normed_linear,
    [DMX_OP_NORM] = dmx_cpu_norm,
    [DMX_OP_NORM_GLU] = dmx_cpu_norm_glu,
    [DMX_OP_LAYER_NORM] = dmx_cpu_layer_norm,
    [DMX_OP_MOMENTS_OF_GRID] = dmx_cpu_moments_of_grid,
    [DMX_OP_NORMALISE] = dmx_cpu_normalise,
    [DMX_OP_RESTORE] = dmx_cpu_restore,
    [DMX_OP_ATTENTION] = dmx_cpu_attention,
    [DMX_OP_LOCAL_ATTENTION] = dmx_cpu_local_attention,
    [DMX_OP_PERIODS_WIDEN] = dmx_cpu_periods_widen,
    [DMX_OP_PERIODS_JOIN] = dmx_cpu_periods_join,
    [DMX_OP_LSTM] = dmx_cpu_lstm,
    [DMX_OP_FRAMING_CUT] = dmx_cpu_framing_cut,
    [DMX_OP_FRAMING_JOIN] = dmx_cpu_framing_join,
    [DMX_OP_POSITIONS] = dmx_cpu_positions,
    [DMX_OP_MOMENTS_OF_MIX] = dmx_cpu_moments_of_mix,
    [DMX_OP_PLANES_PAD] = dmx_cpu_planes_pad,
    [DMX_OP_PLANES_INTERLEAVE] = dmx_cpu_planes_interleave,
    [DMX_OP_PLANES_TAKE] = dmx_cpu_planes_take,
    [DMX_OP_STFT] = dmx_cpu_stft,
    [DMX_OP_STEM_WRITE] = dmx_cpu_stem_write,
    [DMX_OP_STEMS_WRITE] = dmx_cpu_stems_write,
    [DMX_OP_MAGNITUDES] = dmx_cpu_magnitudes,
    [DMX_OP_MASK] = dmx_cpu_mask,
};

static void run(dmx_exec *exec, const dmx_op *op) { table[op->kind](exec, op); }

const dmx_ops dmx_cpu_ops = {.run = run, .run_apart = dmx_cpu_run_apart};

dmx_exec dmx_cpu_plan(const dmx_kernels *kernels, dmx_thread_pool *pool, bool bf16)
{
    return (dmx_exec){.ops = &dmx_cpu_ops, .kernels = kernels, .pool = pool, .planning = true, .bf16 = bf16};
}

void dmx_cpu_replay(dmx_exec *exec, const dmx_op_list *list, const float *mix, float *stems)
{
    exec->mix = mix;
    exec->stems = stems;
    for (size_t i = 0; i < list->count; i++) run(exec, &list->ops[i]);
}
