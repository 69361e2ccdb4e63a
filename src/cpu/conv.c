/* conv.c - see nn/conv.h */
#include "cpu/conv.h"

#include "cpu/gemm.h"
#include "cpu/winograd.h"

#include <assert.h>

/* Below these a layer stays in float32 whatever the precision: see dmx_conv_bf16_count. */
enum { BF16_LEAST_K = 24, BF16_LEAST_COLUMNS = 24 };

int dmx_conv_overlap(const dmx_conv *conv) { return (conv->kernel_bins + conv->stride - 1) / conv->stride; }

int dmx_conv_output_bins(const dmx_conv *conv, int bins)
{
    if (conv->transposed) return (bins - 1) * conv->stride + conv->kernel_bins;
    return (bins + 2 * conv->padding - conv->kernel_bins) / conv->stride + 1;
}

dmx_margin dmx_conv_input_margin(const dmx_conv *conv)
{
    int around = conv->transposed ? dmx_conv_overlap(conv) - 1 : conv->padding;
    return (dmx_margin){around, around, conv->kernel_steps / 2 * conv->dilation};
}

dmx_margin dmx_conv_output_margin(const dmx_conv *conv, int bins, int output_bins)
{
    if (!conv->transposed) return (dmx_margin){0};
    int written = (bins + dmx_conv_overlap(conv) - 1) * conv->stride;
    int after = written - conv->padding - output_bins;
    return (dmx_margin){.bins_before = conv->padding, .bins_after = after > 0 ? after : 0};
}

/* ---- packing ---- */

/* K of the GEMM: numbers that one output is a sum over. */
static size_t gemm_k(const dmx_conv *conv)
{
    size_t slab = conv->transposed ? (size_t)dmx_conv_overlap(conv) : (size_t)conv->kernel_bins;
    return slab * (size_t)conv->kernel_steps * (size_t)conv->in_channels;
}

/* N of the GEMM. */
static size_t gemm_columns(const dmx_conv *conv)
{
    return (size_t)conv->out_channels * (conv->transposed ? (size_t)conv->stride : 1);
}

/* Columns of the packed matrix: with GLU a panel holds half a panel of values, then their gates. */
static size_t packed_panels(const dmx_conv *conv)
{
    if (conv->glu) return ((size_t)conv->out_channels / 2 + DMX_PANEL / 2 - 1) / (DMX_PANEL / 2);
    return dmx_gemm_panels(gemm_columns(conv));
}

size_t dmx_conv_weight_floats(const dmx_conv *conv) { return packed_panels(conv) * gemm_k(conv) * DMX_PANEL; }

size_t dmx_conv_bias_floats(const dmx_conv *conv) { return packed_panels(conv) * DMX_PANEL; }

size_t dmx_conv_packed_column(const dmx_conv *conv, size_t column)
{
    if (!conv->glu) return column;
    const size_t half = DMX_PANEL / 2, values = (size_t)conv->out_channels / 2;
    bool gate = column >= values;
    size_t output = gate ? column - values : column;
    return output / half * DMX_PANEL + output % half + (gate ? half : 0);
}

static float *packed_at(const dmx_conv *conv, float *packed, size_t k, size_t column)
{
    size_t place = dmx_conv_packed_column(conv, column);
    return packed + (place / DMX_PANEL * gemm_k(conv) + k) * DMX_PANEL + place % DMX_PANEL;
}

/* Some outputs side by side, so that a cache line of the packed matrix is filled at one go. */
static void pack_outputs(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed)
{
    const size_t in = (size_t)conv->in_channels, bins = (size_t)conv->kernel_bins, steps = (size_t)conv->kernel_steps;
    float *to[DMX_PACK_ROWS];
    assert(count <= DMX_PACK_ROWS);
    for (size_t o = 0; o < count; o++) to[o] = packed_at(conv, packed, 0, first + o);
    for (size_t s = 0; s < steps; s++)
        for (size_t b = 0; b < bins; b++)
            for (size_t c = 0; c < in; c++) {
                const float *from = weight + (c * bins + b) * steps + s;
                const size_t k = (s * bins + b) * in + c;
                for (size_t o = 0; o < count; o++) to[o][k * DMX_PANEL] = from[o * gemm_k(conv)];
            }
}

/* Row j gathers input bins j - (overlap - 1) .. j and gives outputs stride * j .. stride * j + stride - 1: position t
 * of the slab meets kernel element r + stride * (overlap - 1 - t) for output r. */
static void pack_input(const dmx_conv *conv, size_t c, const float *weight, float *packed)
{
    const int overlap = dmx_conv_overlap(conv);
    const size_t in = (size_t)conv->in_channels, out = (size_t)conv->out_channels, kernel = (size_t)conv->kernel_bins;
    for (int t = 0; t < overlap; t++)
        for (int r = 0; r < conv->stride; r++) {
            size_t element = (size_t)(r + conv->stride * (overlap - 1 - t));
            if (element >= kernel) continue;
            for (size_t o = 0; o < out; o++)
                *packed_at(conv, packed, (size_t)t * in + c, (size_t)r * out + o) = weight[o * kernel + element];
        }
}

size_t dmx_conv_weight_rows(const dmx_conv *conv)
{
    return (size_t)(conv->transposed ? conv->in_channels : conv->out_channels);
}

void dmx_conv_pack_rows(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed)
{
    assert(first + count <= dmx_conv_weight_rows(conv));
    const size_t row = conv->transposed ? (size_t)conv->out_channels * (size_t)conv->kernel_bins : gemm_k(conv);
    const size_t at_once = conv->transposed ? 1 : DMX_PACK_ROWS;
    for (size_t done = 0; done < count; done += at_once, weight += at_once * row) {
        const size_t left = count - done;
        if (conv->transposed)
            pack_input(conv, first + done, weight, packed);
        else
            pack_outputs(conv, first + done, left < at_once ? left : at_once, weight, packed);
    }
}

void dmx_conv_pack(const dmx_conv *conv, const float *weight, float *packed)
{
    dmx_conv_pack_rows(conv, 0, dmx_conv_weight_rows(conv), weight, packed);
}

void dmx_conv_pack_bias(const dmx_conv *conv, const float *bias, float *packed)
{
    for (size_t column = 0; column < gemm_columns(conv); column++)
        packed[dmx_conv_packed_column(conv, column)] = bias[column % (size_t)conv->out_channels];
}

size_t dmx_conv_bf16_count(const dmx_conv *conv)
{
    const size_t k = gemm_k(conv);
    if (k < BF16_LEAST_K || gemm_columns(conv) < BF16_LEAST_COLUMNS) return 0;
    return packed_panels(conv) * dmx_bf16_k(k) * DMX_PANEL;
}

/* A panel of floats is a row-major matrix of its own. */
void dmx_conv_pack_bf16(const dmx_conv *conv, const dmx_kernels *kernels, uint16_t *packed)
{
    const size_t k = gemm_k(conv);
    for (size_t panel = 0; panel < packed_panels(conv); panel++, packed += dmx_bf16_k(k) * DMX_PANEL)
        kernels->pack_bf16(conv->weight + panel * k * DMX_PANEL, DMX_PANEL, 1, k, DMX_PANEL, packed);
}

/* ---- running ---- */

static dmx_gemm gemm_of(const dmx_exec *exec, const dmx_cpu_linear *l)
{
    const dmx_conv *conv = l->conv;
    const dmx_linear_args *args = l->args;
    dmx_gemm g = {.b = conv->weight, .bias = l->bias, .columns = (int)gemm_columns(conv)};
    g.b_bf16 = exec->bf16 ? conv->weight_bf16 : NULL; /* not to be looked at otherwise: somebody may be adding them */
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
    const bool bf16 = exec->bf16 && conv->weight_bf16 != NULL;
    if (conv->winograd != NULL && !bf16 && !l->factor && !args->scale && !args->add) {
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
