/* bf16_blocks.h - the bfloat16 product on blocks of 2 x 4, as BFMMLA has them: two rows of A by 4 k times 4 k by two
 * columns of B, added to 2 x 2 sums.
 *
 * Template. Parameters: those of a simd_*.h of 4 lanes, what bf16_gemm.h wants, and
 *   block_load(), block_product()   functions of the same file, declared below
 * neonbf16.c defines them as instructions, the kernels' tests as plain C, so that everything but the instructions is
 * tested on any machine.
 *
 * A tile is up to 12 rows by half a panel, whose sums stay in registers over all of k. A is interleaved by pairs of
 * rows when it is gathered, B lies packed that way: each block is 16 bytes on end.
 *
 *                            B, 4 k a step, pairs of columns
 *                            [ b0 ][ b1 ][ b2 ][ b3 ]
 *     A  rows  0,  1  [ a ]  [2x2 ][2x2 ][2x2 ][2x2 ]      each step: load b0 to b3, then for each pair of rows load a
 *        rows  2,  3  [ a ]  [2x2 ]  ...                   and do four BFMMLA: 10 loads for 24, from 29 registers
 *        ...
 *
 * Rows come in fours: a call's last rows are filled up with rows of zeros. */
#ifndef DMX_KERNELS_ARM_BF16_BLOCKS_H
#define DMX_KERNELS_ARM_BF16_BLOCKS_H

#include "kernels/bf16_gemm.h"
#include "kernels/bf16_pack.h"

#include <assert.h>

/* [2 rows of A or columns of B][4 k], bfloat16 */
typedef uint16_t bf16_block __attribute__((vector_size(16)));

static inline bf16_block block_load(const uint16_t *p);

/* sum[2][2] + rows[2][4] times columns[2][4], transposed */
static inline vf block_product(vf sum, bf16_block rows, bf16_block columns);

enum {
    BLOCK_K = 4,
    BLOCK_SIZE = 2 * BLOCK_K,
    HALF_BLOCKS = DMX_PANEL / 4, /* pairs of columns in half a panel */
    ROWS_STEP = 4,
    TILE_STEPS = 3,
    BLOCK_TILE_ROWS = TILE_STEPS * ROWS_STEP,
    BLOCK_TILE_FLOATS = BLOCK_TILE_ROWS * TILE_WIDTH
};

static size_t rows_in_steps(size_t rows) { return (rows + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP; }

/* The sums of a tile, the rows gathered as they are, and two rows before they are interleaved. */
static size_t blocks_scratch(size_t rows, size_t k)
{
    return BLOCK_TILE_FLOATS + gathered_floats(rows_in_steps(rows) + 2, k);
}

/* Rows [row, row + rows) of A as blocks, to[padded / 2][gathered_stride / 4][2][4]; rows from `rows` on are zero. `two`
 * has room for two rows. */
static void gather_blocks(const dmx_gemm *g, size_t row, size_t rows, size_t padded, uint16_t *two, uint16_t *to)
{
    const size_t stride = gathered_stride((size_t)g->taps * (size_t)g->depth);
    const size_t k_padded = dmx_bf16_k((size_t)g->taps * (size_t)g->depth);
    for (size_t r = 0; r < padded; r += 2, to += 2 * stride) {
        const size_t left = r < rows ? rows - r : 0;
        gather_rows(g, row + r, left < 2 ? left : 2, 2, two);
        for (size_t k = 0; k < k_padded; k += BLOCK_K) {
            memcpy(to + 2 * k, two + k, BLOCK_K * sizeof *to);
            memcpy(to + 2 * k + BLOCK_K, two + stride + k, BLOCK_K * sizeof *to);
        }
    }
}

/* The sums of `pairs` pairs of rows, `pair_stride` numbers from each other, by half a panel. */
static ALWAYS_INLINE void multiply_half(const uint16_t *a, size_t pair_stride, const uint16_t *b, size_t steps,
                                        const int pairs, float *total)
{
    vf sum[BLOCK_TILE_ROWS / 2][HALF_BLOCKS];
    UNROLL for (int p = 0; p < pairs; p++) UNROLL for (int j = 0; j < HALF_BLOCKS; j++) sum[p][j] = v_set1(0.0f);
    for (size_t step = 0; step < steps; step++) {
        bf16_block x[HALF_BLOCKS];
        UNROLL for (int j = 0; j < HALF_BLOCKS; j++) x[j] = block_load(b + j * BLOCK_SIZE);
        UNROLL for (int p = 0; p < pairs; p++)
        {
            const bf16_block y = block_load(a + (size_t)p * pair_stride);
            UNROLL for (int j = 0; j < HALF_BLOCKS; j++) sum[p][j] = block_product(sum[p][j], y, x[j]);
        }
        a += BLOCK_SIZE;
        b += DMX_PANEL * BLOCK_K;
    }
    UNROLL for (int p = 0; p < pairs; p++, total += 2 * TILE_WIDTH)
    {
        UNROLL for (int j = 0; j < HALF_BLOCKS; j += 2)
        {
            const vf left = sum[p][j], right = sum[p][j + 1];
            v_store(total + 2 * j, (vf){left[0], left[1], right[0], right[1]});
            v_store(total + 2 * j + TILE_WIDTH, (vf){left[2], left[3], right[2], right[3]});
        }
    }
}

typedef void (*multiply_half_fn)(const uint16_t *a, size_t pair_stride, const uint16_t *b, size_t steps, float *total);

#define MULTIPLY_HALF(rows)                                                                                            \
    static void multiply_half_##rows(const uint16_t *a, size_t pair_stride, const uint16_t *b, size_t steps,           \
                                     float *total)                                                                     \
    {                                                                                                                  \
        multiply_half(a, pair_stride, b, steps, (rows) / 2, total);                                                    \
    }
MULTIPLY_HALF(4)
MULTIPLY_HALF(8)
MULTIPLY_HALF(12)
#undef MULTIPLY_HALF

static const multiply_half_fn multiply_half_functions[TILE_STEPS] = {multiply_half_4, multiply_half_8,
                                                                     multiply_half_12};

/* All rows, gathered at `a`, times a panel. The last rows are cut evenly: 16 are 8 and 8, not 12 and 4. */
static void multiply_panel(const dmx_gemm *g, const uint16_t *a, size_t row_begin, size_t row_end, size_t panel,
                           float *total)
{
    const size_t k = (size_t)g->taps * (size_t)g->depth, a_stride = gathered_stride(k);
    const size_t steps = (k + BLOCK_K - 1) / BLOCK_K;
    const uint16_t *b = g->b_bf16 + panel * dmx_bf16_k(k) * DMX_PANEL;
    const finish f = prepare_finish(g, panel, 1);
    for (size_t row = row_begin, rows; row < row_end; row += rows, a += rows * a_stride) {
        const size_t left = rows_in_steps(row_end - row) / ROWS_STEP;
        const size_t tiles = 1 + (left - 1) / TILE_STEPS, tile_steps = (left + tiles - 1) / tiles;
        assert(tile_steps >= 1 && tile_steps <= TILE_STEPS);
        rows = tile_steps * ROWS_STEP;
        for (size_t half = 0; half < 2; half++)
            multiply_half_functions[tile_steps - 1](a, 2 * a_stride, b + half * HALF_BLOCKS * BLOCK_SIZE, steps,
                                                    total + half * (DMX_PANEL / 2));
        finish_block(&f, g, total, row, rows < row_end - row ? rows : row_end - row);
    }
}

/* The contract of gemm_bf16; `scratch` of blocks_scratch floats. */
static void multiply_by_blocks(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin,
                               size_t panel_end, float *scratch)
{
    if (row_begin >= row_end || panel_begin >= panel_end) return;
    const size_t rows = row_end - row_begin, padded = rows_in_steps(rows);
    uint16_t *a = (uint16_t *)(void *)(scratch + BLOCK_TILE_FLOATS);
    uint16_t *two = a + padded * gathered_stride((size_t)g->taps * (size_t)g->depth);
    gather_blocks(g, row_begin, rows, padded, two, a);
    for (size_t panel = panel_begin; panel < panel_end; panel++)
        multiply_panel(g, a, row_begin, row_end, panel, scratch);
}

/* ---- packing ---- */

static void pack_step(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                      uint16_t *packed)
{
    pack_columns(b, row_stride, column_stride, k, columns, BLOCK_K, packed);
}

/* The contract of pack_bf16. */
static void pack_blocks(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                        uint16_t *packed)
{
    pack_steps(pack_step, b, row_stride, column_stride, k, columns, packed);
}

#endif
