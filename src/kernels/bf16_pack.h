/* bf16_pack.h - how the levels with products of bfloat16 pack panels: step by step of k, each in an order of their own.
 *
 * Template. Parameters: those of a simd_*.h, and
 *   round_run()   a function of the same file, declared below */
#ifndef DMX_KERNELS_BF16_PACK_H
#define DMX_KERNELS_BF16_PACK_H

#include "kernels/vector_math.h"

#include <string.h>

static void round_run(const float *from, size_t n, uint16_t *to);

/* One step of a panel: up to DMX_BF16_STEP rows of k by DMX_PANEL columns. */
typedef void (*pack_step_fn)(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                             uint16_t *packed);

/* A step for any strides: column by column, then `unit` neighbours in k of all columns side by side. */
static ALWAYS_INLINE void pack_columns(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k,
                                       size_t columns, const size_t unit, uint16_t *packed)
{
    uint16_t rounded[DMX_PANEL][DMX_BF16_STEP] = {{0}};
    for (size_t j = 0; j < columns; j++) {
        float column[DMX_BF16_STEP];
        for (size_t i = 0; i < k; i++) column[i] = b[(ptrdiff_t)i * row_stride + (ptrdiff_t)j * column_stride];
        round_run(column, k, rounded[j]);
    }
    for (size_t i = 0; i < DMX_BF16_STEP; i += unit)
        for (size_t j = 0; j < DMX_PANEL; j++, packed += unit) memcpy(packed, &rounded[j][i], unit * sizeof *packed);
}

/* The contract of pack_bf16. */
static ALWAYS_INLINE void pack_steps(pack_step_fn pack_step, const float *b, ptrdiff_t row_stride,
                                     ptrdiff_t column_stride, size_t k, size_t columns, uint16_t *packed)
{
    for (size_t first = 0; first < columns; first += DMX_PANEL) {
        const size_t count = columns - first < DMX_PANEL ? columns - first : DMX_PANEL;
        for (size_t at = 0; at < k; at += DMX_BF16_STEP, packed += DMX_BF16_STEP * DMX_PANEL) {
            const size_t left = k - at < DMX_BF16_STEP ? k - at : DMX_BF16_STEP;
            pack_step(b + (ptrdiff_t)at * row_stride + (ptrdiff_t)first * column_stride, row_stride, column_stride,
                      left, count, packed);
        }
    }
}

#endif
