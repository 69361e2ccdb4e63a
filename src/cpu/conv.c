/* conv.c - see cpu/conv.h; what the sizes of a convolution mean is nn/conv.c */
#include "cpu/conv.h"

#include "cpu/gemm.h"
#include "cpu/pack.h"
#include "cpu/winograd.h"

#include <assert.h>

static dmx_gemm gemm_of(const dmx_exec *exec, const dmx_cpu_linear *l)
{
    const dmx_conv *conv = l->conv;
    const dmx_linear_args *args = l->args;
    dmx_gemm g = {.bias = l->bias, .columns = (int)dmx_conv_columns(conv)};
    if (!exec->planning) { /* a network without weights can be planned */
        g.b = conv->weights->panels;
        if (exec->bf16) g.b_bf16 = atomic_load_explicit(&conv->weights->bf16, memory_order_acquire);
    }
    g.a_group_stride = args->input.step_stride;
    g.c = args->output.data;
    g.c_group_stride = args->output.step_stride;
    g.c_row_stride = (ptrdiff_t)args->output.channels * (conv->transposed ? conv->stride : 1);
    g.activation = args->activation;
    g.factor = l->factor;
    g.scale = args->scale;
    if (args->add) {
        g.residual = args->residual.data;
        g.residual_group_stride = args->residual.step_stride;
        g.residual_row_stride = g.c_row_stride;
    }
    return g;
}

/* Forward: one tap for each step that the kernel covers. */
static void run_forward(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, dmx_gemm *g,
                        const dmx_grid *output)
{
    ptrdiff_t tap_offset[DMX_MAX_TAPS];
    g->taps = conv->kernel_steps;
    g->depth = conv->kernel_bins * conv->in_channels;
    for (int t = 0; t < g->taps; t++)
        tap_offset[t] = (ptrdiff_t)(t - conv->kernel_steps / 2) * conv->dilation * input->step_stride -
                        (ptrdiff_t)conv->padding * conv->in_channels;
    g->tap_offset = tap_offset;
    g->a = input->data;
    g->a_row_stride = (ptrdiff_t)conv->stride * conv->in_channels;
    g->group_rows = (size_t)output->bins;
    dmx_gemm_run(exec, g, (size_t)output->steps * g->group_rows);
}

/* Transposed: rows 0 .. bins + overlap - 2, row j written at output bin stride * j - padding. */
static void run_transposed(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, dmx_gemm *g)
{
    const int overlap = dmx_conv_overlap(conv);
    const ptrdiff_t tap_offset = -(ptrdiff_t)(overlap - 1) * conv->in_channels;
    g->taps = 1;
    g->tap_offset = &tap_offset;
    g->depth = overlap * conv->in_channels;
    g->a = input->data;
    g->a_row_stride = conv->in_channels;
    g->group_rows = (size_t)(input->bins + overlap - 1);
    const ptrdiff_t trimmed = (ptrdiff_t)conv->padding * conv->out_channels;
    if (g->residual != NULL) g->residual -= trimmed;
    if (g->c != NULL) g->c -= trimmed; /* NULL while planning */
    dmx_gemm_run(exec, g, (size_t)input->steps * g->group_rows);
}

void dmx_cpu_linear_run(dmx_exec *exec, const dmx_cpu_linear *l)
{
    const dmx_conv *conv = l->conv;
    const dmx_linear_args *args = l->args;
    const bool bf16 = exec->bf16 && dmx_conv_suits_bf16(conv);
    if (dmx_winograd_suits(conv) && !bf16 && !l->factor && !args->scale && !args->add) {
        dmx_winograd_run(exec, conv, &args->input, &args->output);
        return;
    }
    dmx_gemm g = gemm_of(exec, l);
    if (conv->transposed)
        run_transposed(exec, conv, &args->input, &g);
    else
        run_forward(exec, conv, &args->input, &g, &args->output);
}

void dmx_cpu_conv(dmx_exec *exec, const dmx_op *op)
{
    const dmx_linear_args *args = &op->as.linear;
    dmx_cpu_linear_run(exec, &(dmx_cpu_linear){.conv = args->conv, .bias = args->conv->bias, .args = args});
}
