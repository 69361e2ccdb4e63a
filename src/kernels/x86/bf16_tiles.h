/* bf16_tiles.h - the bfloat16 product on matrix tiles, as AMX has them: 16 rows of 64 bytes.
 *
 * Template. Parameters: those of a simd_*.h of 16 lanes, what bf16_gemm.h wants, and the operations on tiles, which end
 * with it. They are macros, since AMX's instructions want constants for the numbers of tiles. Strides are in bytes.
 *   TILE_BEGIN()                 all tiles to 16 rows of 64 bytes; before the others, once a call
 *   TILE_END()                   give the tiles back
 *   TILE_ZERO(t)                 tile t = 0
 *   TILE_LOAD(t, from, stride)
 *   TILE_STORE(t, to, stride)
 *   TILE_PRODUCT(c, a, b)        tile c += tile a * tile b
 * amx.c defines them as instructions, the kernels' tests as plain C, so that everything but the instructions is tested
 * on machines without AMX.
 *
 * A tile of A is 16 rows of 32 bfloat16, one of B 16 pairs of k by 16 columns by 2 (a step of a panel, as it lies
 * packed), one of C 16 rows of 16 floats. Two of A and two of B give four of C, which stay in tiles over all of k:
 *
 *                      panel 0   panel 1
 *                     [tile 6 ] [tile 7 ]         each step of k: 4 tiles loaded, 4 products
 *     rows  0..15 [4] [tile 0 ] [tile 1 ]
 *     rows 16..31 [5] [tile 2 ] [tile 3 ]
 *
 * A call's last rows are filled up with rows of zeros; from 16 on, and for a last single panel, tiles are left out. */
#ifndef DMX_KERNELS_X86_BF16_TILES_H
#define DMX_KERNELS_X86_BF16_TILES_H

#include "kernels/bf16_gemm.h"

#ifndef TILE_PRODUCT
#error "define the tile operations first"
#endif

enum { ROWS_OF_TILE = 16, ROWS_OF_BLOCK = 2 * ROWS_OF_TILE, BLOCK_FLOATS = ROWS_OF_BLOCK * TILE_WIDTH };

static size_t rows_in_tiles(size_t rows) { return (rows + ROWS_OF_TILE - 1) / ROWS_OF_TILE * ROWS_OF_TILE; }

static size_t tiles_scratch(size_t rows, size_t k) { return BLOCK_FLOATS + gathered_floats(rows_in_tiles(rows), k); }

/* The sums of one or two tiles of rows by one or two panels, to rows of `total`. */
static ALWAYS_INLINE void multiply_block(const uint16_t *a, size_t a_stride, const uint16_t *b0, const uint16_t *b1,
                                         size_t k, const bool two_rows, const bool two_panels, float *total,
                                         ptrdiff_t total_stride)
{
    const size_t a_bytes = a_stride * sizeof *a, b_bytes = 2 * DMX_PANEL * sizeof *b0;
    const size_t total_bytes = (size_t)total_stride * sizeof *total;
    float *second = total + ROWS_OF_TILE * total_stride;
    TILE_ZERO(0);
    if (two_panels) TILE_ZERO(1);
    if (two_rows) TILE_ZERO(2);
    if (two_rows && two_panels) TILE_ZERO(3);
    for (size_t at = 0; at < k; at += DMX_BF16_STEP) {
        TILE_LOAD(4, a + at, a_bytes);
        TILE_LOAD(6, b0 + at * DMX_PANEL, b_bytes);
        TILE_PRODUCT(0, 4, 6);
        if (two_panels) TILE_LOAD(7, b1 + at * DMX_PANEL, b_bytes);
        if (two_panels) TILE_PRODUCT(1, 4, 7);
        if (two_rows) TILE_LOAD(5, a + ROWS_OF_TILE * a_stride + at, a_bytes);
        if (two_rows) TILE_PRODUCT(2, 5, 6);
        if (two_rows && two_panels) TILE_PRODUCT(3, 5, 7);
    }
    TILE_STORE(0, total, total_bytes);
    if (two_panels) TILE_STORE(1, total + DMX_PANEL, total_bytes);
    if (two_rows) TILE_STORE(2, second, total_bytes);
    if (two_rows && two_panels) TILE_STORE(3, second + DMX_PANEL, total_bytes);
}

static void multiply_tiles(const uint16_t *a, size_t a_stride, const uint16_t *b0, const uint16_t *b1, size_t k,
                           size_t rows, size_t panels, float *total, ptrdiff_t total_stride)
{
    if (rows > ROWS_OF_TILE && panels > 1)
        multiply_block(a, a_stride, b0, b1, k, true, true, total, total_stride);
    else if (rows > ROWS_OF_TILE)
        multiply_block(a, a_stride, b0, b1, k, true, false, total, total_stride);
    else if (panels > 1)
        multiply_block(a, a_stride, b0, b1, k, false, true, total, total_stride);
    else
        multiply_block(a, a_stride, b0, b1, k, false, false, total, total_stride);
}

/* The contract of gemm_bf16; `scratch` of tiles_scratch floats. */
static void multiply_by_tiles(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                              float *scratch)
{
    if (row_begin >= row_end || panel_begin >= panel_end) return;
    const size_t k = (size_t)g->taps * (size_t)g->depth, a_stride = gathered_stride(k), k_padded = dmx_bf16_k(k);
    uint16_t *gathered = (uint16_t *)(void *)(scratch + BLOCK_FLOATS);
    gather_rows(g, row_begin, row_end - row_begin, rows_in_tiles(row_end - row_begin), gathered);
    TILE_BEGIN();
    for (size_t panel = panel_begin, panels; panel < panel_end; panel += panels) {
        panels = panel_end - panel < TILE_PANELS ? panel_end - panel : TILE_PANELS;
        const uint16_t *b0 = g->b_bf16 + panel * k_padded * DMX_PANEL;
        const uint16_t *b1 = b0 + (panels > 1 ? k_padded * DMX_PANEL : 0);
        const finish f = prepare_finish(g, panel, panels);
        for (size_t row = row_begin, rows; row < row_end; row += rows) {
            rows = row_end - row < ROWS_OF_BLOCK ? row_end - row : ROWS_OF_BLOCK;
            float *plain = rows_in_tiles(rows) == rows ? plain_target(&f, g, row, rows) : NULL;
            multiply_tiles(gathered + (row - row_begin) * a_stride, a_stride, b0, b1, k_padded, rows, panels,
                           plain != NULL ? plain : scratch, plain != NULL ? g->c_row_stride : TILE_WIDTH);
            if (plain == NULL) finish_block(&f, g, scratch, row, rows);
        }
    }
    TILE_END();
}

#undef TILE_BEGIN
#undef TILE_END
#undef TILE_ZERO
#undef TILE_LOAD
#undef TILE_STORE
#undef TILE_PRODUCT

#endif
