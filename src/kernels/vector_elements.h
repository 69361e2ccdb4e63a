/* vector_elements.h - element-wise kernels. Template. Parameters: those of a simd_*.h. */
#ifndef DMX_KERNELS_VECTOR_ELEMENTS_H
#define DMX_KERNELS_VECTOR_ELEMENTS_H

#include "kernels/vector_math.h"

#include <string.h>

/* Half a vector of floats widens to a whole one of doubles, vd. */
typedef float half_vf __attribute__((vector_size(2 * LANES)));

static void LEVEL(moments_f32)(const float *x, size_t n, double *sum, double *square_sum)
{
    enum { STEP = LANES / 2 };
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        half_vf narrow;
        vd s, q;
        memcpy(&narrow, x + i, sizeof narrow);
        memcpy(&s, sum + i, sizeof s);
        memcpy(&q, square_sum + i, sizeof q);
        vd value = __builtin_convertvector(narrow, vd);
        s = s + value;
        q = q + value * value;
        memcpy(sum + i, &s, sizeof s);
        memcpy(square_sum + i, &q, sizeof q);
    }
    for (; i < n; i++) {
        double value = x[i];
        sum[i] += value;
        square_sum[i] += value * value;
    }
}

/* Rows [i, i + count) of the gram matrix, columns [j, j + LANES) of which `left` are there. Squares of floats are exact
 * in double, so only the additions round. */
static ALWAYS_INLINE void gram_block(const float *x, ptrdiff_t row_stride, size_t rows, size_t n, size_t i, size_t j,
                                     const int count, double *gram, double *sum)
{
    enum { HALF = LANES / 2 };
    vd total[4][2] = {{{0}}};
    double plain[4] = {0};
    for (size_t r = 0; r < rows; r++, x += row_stride) {
        const vf row = v_load_upto(x + j, n - j);
        half_vf halves[2];
        memcpy(halves, &row, sizeof halves);
        const vd low = __builtin_convertvector(halves[0], vd), high = __builtin_convertvector(halves[1], vd);
        UNROLL for (int k = 0; k < count; k++)
        {
            const double factor = x[i + (size_t)k];
            plain[k] += factor;
            total[k][0] = total[k][0] + factor * low;
            total[k][1] = total[k][1] + factor * high;
        }
    }
    for (int k = 0; k < count; k++) {
        double row[LANES];
        memcpy(row, &total[k][0], sizeof row / 2);
        memcpy(row + HALF, &total[k][1], sizeof row / 2);
        memcpy(gram + (i + (size_t)k) * n + j, row, (n - j < LANES ? n - j : LANES) * sizeof *row);
        sum[i + (size_t)k] = plain[k];
    }
}

static void LEVEL(gram_f32)(const float *x, ptrdiff_t row_stride, size_t rows, size_t n, size_t begin, size_t end,
                            double *gram, double *sum)
{
    for (size_t i = begin; i < end; i += 4)
        for (size_t j = 0; j < n; j += LANES) {
            switch (end - i) {
            case 1: gram_block(x, row_stride, rows, n, i, j, 1, gram, sum); break;
            case 2: gram_block(x, row_stride, rows, n, i, j, 2, gram, sum); break;
            case 3: gram_block(x, row_stride, rows, n, i, j, 3, gram, sum); break;
            default: gram_block(x, row_stride, rows, n, i, j, 4, gram, sum); break;
            }
        }
}

static ALWAYS_INLINE void affine(const float *x, const float *scale, const float *shift, size_t n,
                                 const dmx_activation activation, float *y)
{
    for (size_t i = 0; i < n; i += LANES) {
        size_t left = n - i;
        vf z = v_fma(v_load_upto(x + i, left), v_load_upto(scale + i, left), v_load_upto(shift + i, left));
        v_store_upto(y + i, v_activate(z, activation), left);
    }
}

static void LEVEL(affine_f32)(const float *x, const float *scale, const float *shift, size_t n,
                              dmx_activation activation, float *y)
{
    switch (activation) {
    case DMX_ACTIVATION_RELU: affine(x, scale, shift, n, DMX_ACTIVATION_RELU, y); break;
    case DMX_ACTIVATION_GELU: affine(x, scale, shift, n, DMX_ACTIVATION_GELU, y); break;
    default: affine(x, scale, shift, n, DMX_ACTIVATION_NONE, y); break;
    }
}

static void LEVEL(affine_glu_f32)(const float *x, const float *scale, const float *shift, size_t rows, size_t channels,
                                  float *y)
{
    for (size_t r = 0; r < rows; r++, x += 2 * channels, scale += 2 * channels, shift += 2 * channels, y += channels) {
        for (size_t c = 0; c < channels; c += LANES) {
            const size_t left = channels - c, g = channels + c;
            vf value = v_fma(v_load_upto(x + c, left), v_load_upto(scale + c, left), v_load_upto(shift + c, left));
            vf gate = v_fma(v_load_upto(x + g, left), v_load_upto(scale + g, left), v_load_upto(shift + g, left));
            v_store_upto(y + c, v_glu(value, gate), left);
        }
    }
}

static void LEVEL(add_f32)(const float *a, const float *b, size_t n, float *y)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store_upto(y + i, v_load_upto(a + i, n - i) + v_load_upto(b + i, n - i), n - i);
}

static void LEVEL(lstm_gates_f32)(const float *gates, ptrdiff_t gates_row_stride, size_t rows, size_t units, float *c,
                                  ptrdiff_t c_row_stride, float *h, ptrdiff_t h_row_stride)
{
    for (size_t r = 0; r < rows; r++, gates += gates_row_stride, c += c_row_stride, h += h_row_stride)
        for (size_t u = 0; u < units; u += LANES) {
            const float *block = gates + u / DMX_PANEL * 4 * DMX_PANEL + u % DMX_PANEL;
            const vf input = v_load(block), forget = v_load(block + DMX_PANEL);
            const vf cell = v_load(block + 2 * DMX_PANEL), output = v_load(block + 3 * DMX_PANEL);
            const vf state = v_glu(v_load_upto(c + u, units - u), forget) + v_glu(v_tanh(cell), input);
            v_store_upto(c + u, state, units - u);
            v_store_upto(h + u, v_glu(v_tanh(state), output), units - u);
        }
}

static void LEVEL(f16_to_f32)(const void *x, size_t n, float *y)
{
    const unsigned char *half = x;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_from_half(half + 2 * i));
    if (i == n) return;
    unsigned char last[2 * LANES] = {0};
    memcpy(last, half + 2 * i, 2 * (n - i));
    v_store_part(y + i, v_from_half(last), n - i);
}

#endif
