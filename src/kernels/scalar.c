/* scalar.c - the specification of every kernel but the products, which are in scalar_gemm.c: the simplest correct C,
 * for any machine.
 *
 * Nothing here is clever on purpose; the vector levels are tested against it. */
#include "kernels/scalar.h"

#include "kernels/levels.h"

#define LEVEL(name) name##_scalar
#include "kernels/fft_passes.h"
#undef LEVEL

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- rows and elements */

static void softmax_f32_scalar(float *s, ptrdiff_t row_stride, size_t rows, size_t columns, float scale, float *max,
                               float *sum, float *correction)
{
    if (columns == 0) return;
    for (size_t r = 0; r < rows; r++, s += row_stride) {
        float new_max = max[r];
        for (size_t j = 0; j < columns; j++) new_max = fmaxf(new_max, scale * s[j]);
        double total = 0;
        for (size_t j = 0; j < columns; j++) {
            s[j] = expf(scale * s[j] - new_max);
            total += s[j];
        }
        correction[r] = expf(max[r] - new_max); /* exp(-inf) is 0 */
        sum[r] = sum[r] * correction[r] + (float)total;
        max[r] = new_max;
    }
}

static void scale_rows_f32_scalar(float *x, ptrdiff_t row_stride, size_t rows, size_t columns, const float *factor)
{
    for (size_t r = 0; r < rows; r++, x += row_stride)
        for (size_t j = 0; j < columns; j++) x[j] *= factor[r];
}

static void moments_f32_scalar(const float *x, size_t n, double *sum, double *square_sum)
{
    for (size_t i = 0; i < n; i++) {
        double value = x[i];
        sum[i] += value;
        square_sum[i] += value * value;
    }
}

static void gram_f32_scalar(const float *x, ptrdiff_t row_stride, size_t rows, size_t n, size_t begin, size_t end,
                            double *gram, double *sum)
{
    for (size_t i = begin; i < end; i++) {
        sum[i] = 0;
        for (size_t j = 0; j < n; j++) gram[i * n + j] = 0;
        for (size_t r = 0; r < rows; r++) {
            const float *row = x + (ptrdiff_t)r * row_stride;
            sum[i] += row[i];
            for (size_t j = 0; j < n; j++) gram[i * n + j] += (double)row[i] * row[j];
        }
    }
}

static void affine_f32_scalar(const float *x, const float *scale, const float *shift, size_t n,
                              dmx_activation activation, float *y)
{
    assert(activation != DMX_ACTIVATION_GLU);
    for (size_t i = 0; i < n; i++) y[i] = dmx_activate(x[i] * scale[i] + shift[i], activation);
}

static void affine_glu_f32_scalar(const float *x, const float *scale, const float *shift, size_t rows, size_t channels,
                                  float *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) {
            size_t v = 2 * r * channels + c, g = v + channels;
            y[r * channels + c] = (x[v] * scale[v] + shift[v]) * dmx_sigmoid(x[g] * scale[g] + shift[g]);
        }
}

static void add_f32_scalar(const float *a, const float *b, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void layer_norm_f32_scalar(const float *x, const float *gamma, const float *beta, size_t rows, size_t channels,
                                  float eps, float *y)
{
    for (size_t r = 0; r < rows; r++, x += channels, y += channels) {
        double mean = 0, variance = 0;
        for (size_t c = 0; c < channels; c++) mean += x[c];
        mean /= (double)channels;
        for (size_t c = 0; c < channels; c++) variance += (x[c] - mean) * (x[c] - mean);
        variance /= (double)channels;
        double inverse = 1.0 / sqrt(variance + (double)eps);
        for (size_t c = 0; c < channels; c++) y[c] = (float)((x[c] - mean) * inverse) * gamma[c] + beta[c];
    }
}

/* B^T d for four numbers `stride` apart. */
static void winograd_spread(const float *d, int stride, float *v)
{
    const float d0 = d[0], d1 = d[stride], d2 = d[2 * stride], d3 = d[3 * stride];
    v[0] = d0 - d2;
    v[stride] = d1 + d2;
    v[2 * stride] = d2 - d1;
    v[3 * stride] = d1 - d3;
}

static void winograd_input_f32_scalar(const float *const d[16], size_t n, float *v, size_t position_stride)
{
    for (size_t i = 0; i < n; i++) {
        float tile[16];
        for (int p = 0; p < 16; p++) tile[p] = d[p][i];
        for (int step = 0; step < 4; step++) winograd_spread(tile + 4 * step, 1, tile + 4 * step);
        for (int bin = 0; bin < 4; bin++) winograd_spread(tile + bin, 4, tile + bin);
        for (size_t p = 0; p < 16; p++) v[p * position_stride + i] = tile[p];
    }
}

/* Output `o` (2 * step + bin) of one column. */
static float winograd_sum(const float *m, size_t position_stride, int o)
{
    static const float weight[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}}; /* A^T */
    float sum = 0;
    for (int bin = 0; bin < 4; bin++) {
        float column = 0;
        for (int step = 0; step < 4; step++)
            column += weight[o / 2][step] * m[(size_t)(4 * step + bin) * position_stride];
        sum += weight[o % 2][bin] * column;
    }
    return sum;
}

static void winograd_output_glu_f32_scalar(const float *m, size_t position_stride, size_t panels, const float *bias,
                                           size_t outputs, float *const c[4])
{
    const size_t half = DMX_PANEL / 2;
    for (int o = 0; o < 4; o++)
        for (size_t j = 0; j < panels * half && j < outputs && c[o] != NULL; j++) {
            const size_t value = j / half * DMX_PANEL + j % half, gate = value + half;
            c[o][j] = (winograd_sum(m + value, position_stride, o) + bias[value]) *
                      dmx_sigmoid(winograd_sum(m + gate, position_stride, o) + bias[gate]);
        }
}

static void lstm_gates_f32_scalar(const float *gates, ptrdiff_t gates_row_stride, size_t rows, size_t units, float *c,
                                  ptrdiff_t c_row_stride, float *h, ptrdiff_t h_row_stride)
{
    for (size_t r = 0; r < rows; r++, gates += gates_row_stride, c += c_row_stride, h += h_row_stride)
        for (size_t u = 0; u < units; u++) {
            const float *input = gates + u / DMX_PANEL * 4 * DMX_PANEL + u % DMX_PANEL;
            const float *forget = input + DMX_PANEL, *cell = forget + DMX_PANEL, *output = cell + DMX_PANEL;
            c[u] = dmx_sigmoid(*forget) * c[u] + dmx_sigmoid(*input) * tanhf(*cell);
            h[u] = dmx_sigmoid(*output) * tanhf(c[u]);
        }
}

static void phase_f32_scalar(const float *z, size_t n, double floor, float *unit)
{
    for (size_t i = 0; i < n; i++) {
        double re = z[2 * i], im = z[2 * i + 1], size = sqrt(re * re + im * im) + floor;
        if (size == 0) re = size = 1;
        const double inverse = 1 / size;
        unit[2 * i] = (float)(re * inverse);
        unit[2 * i + 1] = (float)(im * inverse);
    }
}

/* [a, b; conj(b), d] */
typedef struct matrix {
    double a, d, re, im;
} matrix;

/* y = m x: real and imaginary part of channel 0, then of channel 1. */
static void matrix_times(const matrix *m, const double x[4], double y[4])
{
    y[0] = m->a * x[0] + (m->re * x[2] - m->im * x[3]);
    y[1] = m->a * x[1] + (m->re * x[3] + m->im * x[2]);
    y[2] = m->d * x[2] + (m->re * x[0] + m->im * x[1]);
    y[3] = m->d * x[3] + (m->re * x[1] - m->im * x[0]);
}

/* The four numbers of a bin. */
static void bin_load(const float *rows, double x[4])
{
    for (int i = 0; i < 4; i++) x[i] = rows[i * DMX_WIENER_BINS];
}

static matrix wiener_spread_scalar(const dmx_wiener_block *w, const float *y)
{
    matrix sum = {0};
    for (size_t t = 0; t < w->steps; t++, y += w->estimates * 4 * DMX_WIENER_BINS) {
        double x[4];
        bin_load(y, x);
        sum.a += x[0] * x[0] + x[1] * x[1];
        sum.d += x[2] * x[2] + x[3] * x[3];
        sum.re += x[0] * x[2] + x[1] * x[3];
        sum.im += x[1] * x[2] - x[0] * x[3];
    }
    const double weight = 1 / (DMX_WIENER_EPSILON + (sum.a + sum.d) * w->per_channel);
    return (matrix){sum.a * weight, sum.d * weight, sum.re * weight, sum.im * weight};
}

static double wiener_power_scalar(const dmx_wiener_block *w, const float *y)
{
    double x[4];
    bin_load(y, x);
    return (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + x[3] * x[3]) * w->per_channel;
}

/* One step of one bin; spread[estimates]. */
static void wiener_step_scalar(const dmx_wiener_block *w, const float *mix, float *y, const matrix *spread)
{
    matrix all = {DMX_WIENER_REGULAR, DMX_WIENER_REGULAR, 0, 0};
    for (size_t j = 0; j < w->estimates; j++) {
        const double power = wiener_power_scalar(w, y + j * 4 * DMX_WIENER_BINS);
        all.a += power * spread[j].a;
        all.d += power * spread[j].d;
        all.re += power * spread[j].re;
        all.im += power * spread[j].im;
    }
    const double inverse = 1 / (all.a * all.d - (all.re * all.re + all.im * all.im));
    const matrix inverted = {all.d * inverse, all.a * inverse, -all.re * inverse, -all.im * inverse};
    double x[4], whitened[4], share[4];
    bin_load(mix, x);
    matrix_times(&inverted, x, whitened);
    for (size_t j = 0; j < w->estimates; j++, y += 4 * DMX_WIENER_BINS) {
        const double power = wiener_power_scalar(w, y);
        matrix_times(&spread[j], whitened, share);
        for (int i = 0; i < 4; i++) y[i * DMX_WIENER_BINS] = (float)(power * share[i]);
    }
}

static void wiener_f32_scalar(const dmx_wiener_block *w)
{
    matrix *spread = (matrix *)(void *)w->spread;
    for (size_t b = 0; b < DMX_WIENER_BINS; b++) {
        for (size_t j = 0; j < w->estimates; j++)
            spread[j] = wiener_spread_scalar(w, w->y + j * 4 * DMX_WIENER_BINS + b);
        for (size_t t = 0; t < w->steps; t++)
            wiener_step_scalar(w, w->mix + t * 4 * DMX_WIENER_BINS + b,
                               w->y + t * w->estimates * 4 * DMX_WIENER_BINS + b, spread);
    }
}

/* Half precision: 1 sign bit, 5 bits of exponent (bias 15), 10 of mantissa. */
static float widen_half(unsigned half)
{
    unsigned exponent = half >> 10 & 31, mantissa = half & 1023;
    float magnitude;
    if (exponent == 31)
        magnitude = mantissa != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexpf((float)mantissa, -24);
    else
        magnitude = ldexpf((float)(mantissa + 1024), (int)exponent - 25);
    return half >> 15 != 0 ? -magnitude : magnitude;
}

static void f16_to_f32_scalar(const void *x, size_t n, float *y)
{
    const uint8_t *byte = x;
    for (size_t i = 0; i < n; i++) y[i] = widen_half(byte[2 * i] | (unsigned)byte[2 * i + 1] << 8);
}

const dmx_kernels dmx_kernels_scalar = {
    .level = DMX_CPU_SCALAR,
    .gemm_rows = 1,
    .gemm_scratch = dmx_gemm_scratch_scalar,
    .gemm_f32 = dmx_gemm_f32_scalar,
    .pack_f32 = dmx_pack_f32_scalar,
    .gemm_bf16_scratch = dmx_gemm_scratch_scalar,
    .gemm_bf16 = dmx_gemm_bf16_scalar,
    .pack_bf16 = dmx_pack_bf16_scalar,
    .softmax_f32 = softmax_f32_scalar,
    .scale_rows_f32 = scale_rows_f32_scalar,
    .moments_f32 = moments_f32_scalar,
    .gram_f32 = gram_f32_scalar,
    .affine_f32 = affine_f32_scalar,
    .affine_glu_f32 = affine_glu_f32_scalar,
    .add_f32 = add_f32_scalar,
    .layer_norm_f32 = layer_norm_f32_scalar,
    .winograd_input_f32 = winograd_input_f32_scalar,
    .winograd_output_glu_f32 = winograd_output_glu_f32_scalar,
    .lstm_gates_f32 = lstm_gates_f32_scalar,
    .phase_f32 = phase_f32_scalar,
    .wiener_f32 = wiener_f32_scalar,
    .fft_pass_f32 = fft_pass_f32_scalar,
    .f16_to_f32 = f16_to_f32_scalar,
};
