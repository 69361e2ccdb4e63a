/* bf16_gemm.h - what the bfloat16 products share: rounding the rows of A, and what follows the sums.
 *
 * Template. Parameters: those of a simd_*.h, and
 *   round_run()   a function of the same file, declared below
 *
 * A row of A is gathered once, taps one after the other and zeros up to whole steps of k, for all panels of a call. So
 * tiles need not care for groups of rows before the sums are finished. */
#ifndef DMX_KERNELS_BF16_GEMM_H
#define DMX_KERNELS_BF16_GEMM_H

#include "kernels/vector_epilogue.h"

/* `n` floats to bfloat16. */
static void round_run(const float *from, size_t n, uint16_t *to);

/* Distance of gathered rows. The extra step keeps rows apart that would share a cache set, 2 KB or 4 KB from each
 * other. */
static size_t gathered_stride(size_t k) { return dmx_bf16_k(k) + DMX_BF16_STEP; }

/* Floats of scratch for `rows` gathered rows. */
static size_t gathered_floats(size_t rows, size_t k) { return rows * gathered_stride(k) / 2; }

/* Rows [row, row + rows) of A as bfloat16, to[padded][gathered_stride]; rows from `rows` on are zero. */
static void gather_rows(const dmx_gemm *g, size_t row, size_t rows, size_t padded, uint16_t *to)
{
    const size_t depth = (size_t)g->depth, k = (size_t)g->taps * depth, stride = gathered_stride(k);
    for (size_t r = 0; r < rows; r++, to += stride) {
        const float *a = tile_at(g, row + r, 1).a;
        for (int t = 0; t < g->taps; t++) round_run(a + g->tap_offset[t], depth, to + (size_t)t * depth);
        memset(to + k, 0, (dmx_bf16_k(k) - k) * sizeof *to);
    }
    memset(to, 0, (padded - rows) * stride * sizeof *to);
}

/* Where in C the sums of rows [row, row + rows) can be written at once, without a buffer: nothing follows them, and the
 * whole tile lies in C. Else NULL. (The scores of attention are such sums: the shorter k is, the more this counts.) */
static inline float *plain_target(const finish *f, const dmx_gemm *g, size_t row, size_t rows)
{
    if (!is_bare(g) || g->residual != NULL || f->count < (size_t)f->vectors * LANES) return NULL;
    return rows_of_group(g, row, row + rows) == rows ? tile_at(g, row, rows).c + f->column : NULL;
}

/* Carry out what follows the sums of rows [row, row + rows), group by group. */
static void finish_block(const finish *f, const dmx_gemm *g, const float *total, size_t row, size_t rows)
{
    for (size_t done = 0, count; done < rows; done += count) {
        count = rows_of_group(g, row + done, row + rows);
        const tile t = tile_at(g, row + done, count);
        finish_tile(f, g, &t, total + done * TILE_WIDTH);
    }
}

#endif
