/* pack.c - see pack.h */
#include "cpu/pack.h"

#include "cpu/gemm.h"

#include <assert.h>

/* Below these a layer stays in float32 whatever the precision: it would be no faster, and cost accuracy. */
enum { BF16_LEAST_K = 24, BF16_LEAST_COLUMNS = 24 };

size_t dmx_conv_k(const dmx_conv *conv)
{
    size_t slab = conv->transposed ? (size_t)dmx_conv_overlap(conv) : (size_t)conv->kernel_bins;
    return slab * (size_t)conv->kernel_steps * (size_t)conv->in_channels;
}

size_t dmx_conv_columns(const dmx_conv *conv)
{
    return (size_t)conv->out_channels * (conv->transposed ? (size_t)conv->stride : 1);
}

/* Columns of the packed matrix: with GLU a panel holds half a panel of values, then their gates. */
static size_t packed_panels(const dmx_conv *conv)
{
    if (conv->glu) return ((size_t)conv->out_channels / 2 + DMX_PANEL / 2 - 1) / (DMX_PANEL / 2);
    return dmx_gemm_panels(dmx_conv_columns(conv));
}

size_t dmx_conv_weight_floats(const dmx_conv *conv) { return packed_panels(conv) * dmx_conv_k(conv) * DMX_PANEL; }

size_t dmx_conv_bias_floats(const dmx_conv *conv) { return packed_panels(conv) * DMX_PANEL; }

size_t dmx_conv_packed_column(const dmx_conv *conv, size_t column)
{
    if (!conv->glu) return column;
    const size_t half = DMX_PANEL / 2, values = (size_t)conv->out_channels / 2;
    bool gate = column >= values;
    size_t output = gate ? column - values : column;
    return output / half * DMX_PANEL + output % half + (gate ? half : 0);
}

/* Row `k` of a column, in a matrix of `depth` rows. */
static float *packed_at(const dmx_conv *conv, float *packed, size_t depth, size_t k, size_t column)
{
    size_t place = dmx_conv_packed_column(conv, column);
    return packed + (place / DMX_PANEL * depth + k) * DMX_PANEL + place % DMX_PANEL;
}

/* Some outputs side by side, so that a cache line of the packed matrix is filled at one go. */
static void pack_outputs(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed)
{
    const size_t in = (size_t)conv->in_channels, bins = (size_t)conv->kernel_bins, steps = (size_t)conv->kernel_steps;
    const size_t depth = bins * steps * in;
    float *to[DMX_PACK_ROWS];
    assert(count <= DMX_PACK_ROWS);
    for (size_t o = 0; o < count; o++) to[o] = packed_at(conv, packed, depth, 0, first + o);
    for (size_t s = 0; s < steps; s++)
        for (size_t b = 0; b < bins; b++)
            for (size_t c = 0; c < in; c++) {
                const float *from = weight + (c * bins + b) * steps + s;
                const size_t k = (s * bins + b) * in + c;
                for (size_t o = 0; o < count; o++) to[o][k * DMX_PANEL] = from[o * depth];
            }
}

/* Row j gathers input bins j - (overlap - 1) .. j and gives outputs stride * j .. stride * j + stride - 1: position t
 * of the slab meets kernel element r + stride * (overlap - 1 - t) for output r. */
static void pack_input(const dmx_conv *conv, size_t c, const float *weight, float *packed)
{
    const int overlap = dmx_conv_overlap(conv);
    const size_t in = (size_t)conv->in_channels, out = (size_t)conv->out_channels, kernel = (size_t)conv->kernel_bins;
    const size_t depth = dmx_conv_k(conv);
    for (int t = 0; t < overlap; t++)
        for (int r = 0; r < conv->stride; r++) {
            size_t element = (size_t)(r + conv->stride * (overlap - 1 - t));
            if (element >= kernel) continue;
            for (size_t o = 0; o < out; o++)
                *packed_at(conv, packed, depth, (size_t)t * in + c, (size_t)r * out + o) = weight[o * kernel + element];
        }
}

size_t dmx_conv_weight_rows(const dmx_conv *conv)
{
    return (size_t)(conv->transposed ? conv->in_channels : conv->out_channels);
}

void dmx_conv_pack_rows(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed)
{
    assert(first + count <= dmx_conv_weight_rows(conv));
    const size_t row = conv->transposed ? (size_t)conv->out_channels * (size_t)conv->kernel_bins : dmx_conv_k(conv);
    const size_t at_once = conv->transposed ? 1 : DMX_PACK_ROWS;
    for (size_t done = 0; done < count; done += at_once, weight += at_once * row) {
        const size_t left = count - done;
        if (conv->transposed)
            pack_input(conv, first + done, weight, packed);
        else
            pack_outputs(conv, first + done, left < at_once ? left : at_once, weight, packed);
    }
}

void dmx_conv_pack_bias(const dmx_conv *conv, const float *bias, float *packed)
{
    for (size_t column = 0; column < dmx_conv_columns(conv); column++)
        packed[dmx_conv_packed_column(conv, column)] = bias[column % (size_t)conv->out_channels];
}

bool dmx_conv_suits_bf16(const dmx_conv *conv)
{
    return dmx_conv_k(conv) >= BF16_LEAST_K && dmx_conv_columns(conv) >= BF16_LEAST_COLUMNS;
}

int dmx_lstm_columns(int hidden) { return (hidden + DMX_PANEL - 1) / DMX_PANEL * DMX_LSTM_GATES * DMX_PANEL; }

size_t dmx_lstm_column(size_t gate, size_t unit)
{
    return (unit / DMX_PANEL * DMX_LSTM_GATES + gate) * DMX_PANEL + unit % DMX_PANEL;
}
