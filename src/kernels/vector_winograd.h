/* vector_winograd.h - the two transforms around the products of a Winograd convolution (cpu/winograd.h).
 * Template. Parameters: those of a simd_*.h. */
#ifndef DMX_KERNELS_VECTOR_WINOGRAD_H
#define DMX_KERNELS_VECTOR_WINOGRAD_H

#include "kernels/vector_epilogue.h"

/* B^T d: differences and sums of four. */
static ALWAYS_INLINE void winograd_spread(const vf d[4], vf v[4])
{
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
}

static void LEVEL(winograd_input_f32)(const float *const d[16], size_t n, float *v, size_t position_stride)
{
    for (size_t i = 0; i < n; i += LANES) {
        const size_t left = n - i;
        vf rows[4][4]; /* [step][bin], then spread along the bins */
        UNROLL for (int s = 0; s < 4; s++)
        {
            vf x[4];
            UNROLL for (int b = 0; b < 4; b++) x[b] = v_load_upto(d[4 * s + b] + i, left);
            winograd_spread(x, rows[s]);
        }
        UNROLL for (int b = 0; b < 4; b++)
        {
            const vf column[4] = {rows[0][b], rows[1][b], rows[2][b], rows[3][b]};
            vf y[4];
            winograd_spread(column, y);
            UNROLL for (int s = 0; s < 4; s++) v_store_upto(v + (size_t)(4 * s + b) * position_stride + i, y[s], left);
        }
    }
}

/* A^T m A for one vector of columns: the four outputs [step][bin] of a tile. */
static ALWAYS_INLINE void winograd_gather(const float *m, size_t position_stride, vf y[4])
{
    vf top[4], bottom[4];
    UNROLL for (size_t b = 0; b < 4; b++)
    {
        const vf x0 = v_load(m + b * position_stride), x1 = v_load(m + (4 + b) * position_stride);
        const vf x2 = v_load(m + (8 + b) * position_stride), x3 = v_load(m + (12 + b) * position_stride);
        top[b] = x0 + x1 + x2;
        bottom[b] = x1 - x2 - x3;
    }
    y[0] = top[0] + top[1] + top[2];
    y[1] = top[1] - top[2] - top[3];
    y[2] = bottom[0] + bottom[1] + bottom[2];
    y[3] = bottom[1] - bottom[2] - bottom[3];
}

static void LEVEL(winograd_output_glu_f32)(const float *m, size_t position_stride, size_t panels, const float *bias,
                                           size_t outputs, float *const c[4])
{
    enum { HALF = TILE_VECTORS / 2 * LANES }; /* as in finish_rows: where the gates begin */
    const size_t columns = panels * DMX_PANEL;
    if (outputs > columns / 2) outputs = columns / 2;
    for (size_t column = 0; column < columns; column += TILE_WIDTH)
        for (size_t from = column; from < column + HALF; from += LANES) {
            const bool both = columns - from > HALF; /* an odd panel at the end fills one vector of the wide levels */
            const size_t at = column / 2 + (from - column), left = outputs - at;
            vf x[4], z[4];
            if (at >= outputs) break;
            winograd_gather(m + from, position_stride, x);
            if (both) winograd_gather(m + from + HALF, position_stride, z);
            const vf bias0 = v_load(bias + from), bias1 = both ? v_load(bias + from + HALF) : bias0;
            for (int i = 0; i < 4; i++) {
                const vf a = x[i] + bias0, b = both ? z[i] + bias1 : a;
                if (c[i] != NULL) v_store_upto(c[i] + at, v_glu(v_glu_values(a, b), v_glu_gates(a, b)), left);
            }
        }
}

#endif
