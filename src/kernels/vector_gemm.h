/* vector_gemm.h - the GEMM of a vector level. Template. Parameters: those of a simd_*.h.
 *
 * C is computed in tiles of up to TILE_ROWS rows by one or two panels of columns, whose sums stay in registers while k
 * runs:
 *
 *                  B, two vectors a step k        AVX-512: two panels, or one; AVX2: one panel of 16 columns, and so
 *                  [ b0 ][ b1 ]                   NEON, as four vectors
 *     A  a[0][k]   [sum ][sum ]                   each step: load b0 and b1, then for each row broadcast one float of A
 *        a[1][k]   [sum ][sum ]                   and do two multiply-adds
 *        ...
 *
 * A is read where it lies: rows at a regular distance, taps one after the other, no packing and no im2col. A tile never
 * crosses the end of a group, so the distance of its rows is constant.
 *
 * k is cut into blocks of K_BLOCK, for two reasons. The part of B that all tiles of a chunk of rows use in turn stays
 * in the cache; and each block's sums start at 0 and are then added to the total, which keeps rounding errors small.
 * Cuts in k are always at the same places, so how rows are cut into calls and tiles does not change a bit of the
 * result. (256, 384 and 512 measured the same on Zen 5 for large k; 384 does the encoder's k = 384 in one pass.) */
#ifndef DMX_KERNELS_VECTOR_GEMM_H
#define DMX_KERNELS_VECTOR_GEMM_H

#include "kernels/vector_epilogue.h"

enum {
    CHUNK_TILES = 16, /* tiles that share a block of B: their sums take 24 KB at 12 x 32 */
    K_BLOCK = 384
};

static size_t LEVEL(gemm_scratch)(size_t rows, size_t k)
{
    (void)rows;
    (void)k;
    return CHUNK_TILES * TILE_FLOATS;
}

/* The next tile from `row` on. What is left of a group is cut evenly: 13 rows are 7 and 6, not 12 and a slow 1. */
static tile cut_tile(const dmx_gemm *g, size_t row, size_t row_end)
{
    const size_t left = rows_of_group(g, row, row_end), tiles = (left + TILE_ROWS - 1) / TILE_ROWS;
    return tile_at(g, row, (left + tiles - 1) / tiles);
}

/* The multiply-adds of `count` steps of k in one tap. Vector v of B begins at b + v * vector_stride; all advance
 * DMX_PANEL floats a step. */
static ALWAYS_INLINE void multiply_run(const float *a, ptrdiff_t a_row_stride, const float *b, ptrdiff_t vector_stride,
                                       int count, const int rows, const int vectors, vf sum[TILE_ROWS][TILE_VECTORS])
{
    for (int k = 0; k < count; k++) {
        vf x[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) x[v] = v_load(b + v * vector_stride);
        UNROLL for (int r = 0; r < rows; r++)
        {
            vf y = v_set1(a[r * a_row_stride]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(y, x[v], sum[r][v]);
        }
        a++;
        b += DMX_PANEL;
    }
}

/* The sums over k in [k_begin, k_end) of one tile, stored to rows `stride` apart, or added to what is there. */
static ALWAYS_INLINE void multiply_tile(const dmx_gemm *g, const tile *t, const float *b, int k_begin, int k_end,
                                        const int rows, const int panels, bool add, float *total, ptrdiff_t stride)
{
    const int vectors = panels * DMX_PANEL / LANES;
    const ptrdiff_t vector_stride = LANES < DMX_PANEL ? LANES : (ptrdiff_t)g->taps * g->depth * DMX_PANEL;
    vf sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_set1(0.0f);
    for (int k = k_begin, count; k < k_end; k += count) {
        int tap = k / g->depth, at = k % g->depth;
        count = g->depth - at < k_end - k ? g->depth - at : k_end - k;
        multiply_run(t->a + g->tap_offset[tap] + at, g->a_row_stride, b + (ptrdiff_t)k * DMX_PANEL, vector_stride,
                     count, rows, vectors, sum);
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            float *to = total + r * stride + v * LANES;
            v_store(to, add ? v_load(to) + sum[r][v] : sum[r][v]);
        }
    }
}

/* One function for each height and width (in panels) of a tile. */
typedef void (*multiply_fn)(const dmx_gemm *g, const tile *t, const float *b, int k_begin, int k_end, bool add,
                            float *total, ptrdiff_t stride);

#define MULTIPLY(rows, panels)                                                                                         \
    static void multiply_##rows##x##panels(const dmx_gemm *g, const tile *t, const float *b, int k_begin, int k_end,   \
                                           bool add, float *total, ptrdiff_t stride)                                   \
    {                                                                                                                  \
        multiply_tile(g, t, b, k_begin, k_end, rows, panels, add, total, stride);                                      \
    }
#define MULTIPLY_1_TO_6(panels)                                                                                        \
    MULTIPLY(1, panels)                                                                                                \
    MULTIPLY(2, panels) MULTIPLY(3, panels) MULTIPLY(4, panels) MULTIPLY(5, panels) MULTIPLY(6, panels)
#define MULTIPLY_7_TO_12(panels)                                                                                       \
    MULTIPLY(7, panels)                                                                                                \
    MULTIPLY(8, panels) MULTIPLY(9, panels) MULTIPLY(10, panels) MULTIPLY(11, panels) MULTIPLY(12, panels)

MULTIPLY_1_TO_6(1)
#if SIMD_WIDE
MULTIPLY_7_TO_12(1)
MULTIPLY_1_TO_6(2)
MULTIPLY_7_TO_12(2)
#endif
#undef MULTIPLY
#undef MULTIPLY_1_TO_6
#undef MULTIPLY_7_TO_12

static const multiply_fn multiply_functions[TILE_PANELS][TILE_ROWS] = {
#if SIMD_WIDE
    {multiply_1x1, multiply_2x1, multiply_3x1, multiply_4x1, multiply_5x1, multiply_6x1, multiply_7x1, multiply_8x1,
     multiply_9x1, multiply_10x1, multiply_11x1, multiply_12x1},
    {multiply_1x2, multiply_2x2, multiply_3x2, multiply_4x2, multiply_5x2, multiply_6x2, multiply_7x2, multiply_8x2,
     multiply_9x2, multiply_10x2, multiply_11x2, multiply_12x2},
#else
    {multiply_1x1, multiply_2x1, multiply_3x1, multiply_4x1, multiply_5x1, multiply_6x1},
#endif
};

/* Does nothing follow the sums but an addition to C? The products of attention are of this kind, and their sums are
 * added to C at once. (This is only done for one block of k. With several, the addition to C would come before the
 * later blocks; in a tile that is not whole it comes after them; and the bits would differ.) */
static bool is_plain(const dmx_gemm *g)
{
    const bool in_place = g->residual == g->c && g->residual_row_stride == g->c_row_stride &&
                          g->residual_group_stride == g->c_group_stride;
    return is_bare(g) && (g->residual == NULL || (in_place && g->taps * g->depth <= K_BLOCK));
}

/* A chunk of tiles times the one or two panels of a tile's width. */
static void multiply_chunk(const dmx_gemm *g, const tile *tiles, size_t tile_count, size_t panel, size_t panels,
                           float *scratch)
{
    const int k_count = g->taps * g->depth;
    const float *b = g->b + (ptrdiff_t)panel * k_count * DMX_PANEL;
    const finish f = prepare_finish(g, panel, panels);
    const bool direct = is_plain(g) && f.count == panels * DMX_PANEL;
    const multiply_fn *multiply = multiply_functions[panels - 1];
    for (int k = 0, k_end; k == 0 || k < k_count; k = k_end) {
        k_end = k_count - k > K_BLOCK ? k + K_BLOCK : k_count;
        for (size_t i = 0; i < tile_count; i++) {
            const tile *t = &tiles[i];
            /* Totals that are finished at once share one place, in the nearest cache. */
            float *total = scratch + (k_count > K_BLOCK ? i : 0) * TILE_FLOATS;
            if (direct) {
                const bool add = k > 0 || g->residual != NULL;
                multiply[t->rows - 1](g, t, b, k, k_end, add, t->c + f.column, g->c_row_stride);
            } else {
                multiply[t->rows - 1](g, t, b, k, k_end, k > 0, total, TILE_WIDTH);
                if (k_end == k_count) finish_tile(&f, g, t, total);
            }
        }
        if (k_count == 0) break;
    }
}

static void LEVEL(gemm_f32)(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                            float *scratch)
{
    tile tiles[CHUNK_TILES];
    for (size_t row = row_begin; row < row_end;) {
        size_t count = 0;
        for (; count < CHUNK_TILES && row < row_end; count++) {
            tiles[count] = cut_tile(g, row, row_end);
            row += (size_t)tiles[count].rows;
        }
        for (size_t panel = panel_begin; panel < panel_end;) {
            size_t panels = panel_end - panel < TILE_PANELS ? panel_end - panel : TILE_PANELS;
            multiply_chunk(g, tiles, count, panel, panels, scratch);
            panel += panels;
        }
    }
}

static void LEVEL(pack_f32)(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                            float *packed)
{
    for (size_t first = 0; first < columns; first += DMX_PANEL, packed += k * DMX_PANEL) {
        size_t count = columns - first < DMX_PANEL ? columns - first : DMX_PANEL;
        const float *from = b + (ptrdiff_t)first * column_stride;
        if (count < DMX_PANEL) memset(packed, 0, k * DMX_PANEL * sizeof *packed);
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < count; j++)
                packed[i * DMX_PANEL + j] = from[(ptrdiff_t)i * row_stride + (ptrdiff_t)j * column_stride];
    }
}

#endif
