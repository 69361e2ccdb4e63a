/* avx512bf16.c - the bfloat16 product with VDPBF16PS, which multiplies 32 pairs and adds them up by twos into 16
 * floats: twice the work of a float32 multiply-add, at the same rate. Compiled with this level's flags: run only where
 * the CPU has it.
 *
 * As vector_gemm.h: tiles of up to 12 rows by two panels whose sums stay in registers, here over all of k.
 *
 *                  B, a pair of k a step
 *                  [ b0 ][ b1 ]
 *     A  a[0][k,k+1]   [sum ][sum ]               each step: load b0 and b1, then for each row broadcast a pair of A
 *        a[1][k,k+1]   [sum ][sum ]               and do two VDPBF16PS
 *
 * Rows come in fours: a call's last rows are filled up with rows of zeros. */
#include "kernels/x86/simd_avx512.h"

#include "kernels/bf16_gemm.h"
#include "kernels/bf16_pack.h"
#include "kernels/x86/bf16.h"
#include "kernels/x86/round_avx512bf16.h"

#include <assert.h>

enum { ROWS_STEP = 4, TILE_STEPS = TILE_ROWS / ROWS_STEP };

static size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

size_t dmx_gemm_bf16_scratch_avx512bf16(size_t rows, size_t k)
{
    return TILE_FLOATS + gathered_floats(round_up(rows, ROWS_STEP), k);
}

/* The sums of a tile, to rows of `total`; a and b as they lie in the gathered rows and the panels. */
static ALWAYS_INLINE void multiply_tile(const uint16_t *a, size_t a_stride, const uint16_t *b0, const uint16_t *b1,
                                        size_t pairs, const int rows, const int vectors, float *total,
                                        ptrdiff_t total_stride)
{
    vf sum[TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = v_set1(0.0f);
    for (size_t pair = 0; pair < pairs; pair++) {
        const __m512bh x0 = (__m512bh)_mm512_load_si512(b0), x1 = (__m512bh)_mm512_load_si512(b1);
        UNROLL for (int r = 0; r < rows; r++)
        {
            int32_t two;
            memcpy(&two, a + (size_t)r * a_stride, sizeof two);
            const __m512bh y = (__m512bh)_mm512_set1_epi32(two);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], y, x0);
            if (vectors > 1) sum[r][1] = _mm512_dpbf16_ps(sum[r][1], y, x1);
        }
        a += 2;
        b0 += 2 * DMX_PANEL;
        b1 += 2 * DMX_PANEL;
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        UNROLL for (int v = 0; v < vectors; v++) v_store(total + r * total_stride + v * LANES, sum[r][v]);
    }
}

typedef void (*multiply_fn)(const uint16_t *a, size_t a_stride, const uint16_t *b0, const uint16_t *b1, size_t pairs,
                            float *total, ptrdiff_t total_stride);

#define MULTIPLY(rows, vectors)                                                                                        \
    static void multiply_##rows##x##vectors(const uint16_t *a, size_t a_stride, const uint16_t *b0,                    \
                                            const uint16_t *b1, size_t pairs, float *total, ptrdiff_t total_stride)    \
    {                                                                                                                  \
        multiply_tile(a, a_stride, b0, b1, pairs, rows, vectors, total, total_stride);                                 \
    }
MULTIPLY(4, 1)
MULTIPLY(8, 1)
MULTIPLY(12, 1)
MULTIPLY(4, 2)
MULTIPLY(8, 2)
MULTIPLY(12, 2)

static const multiply_fn multiply_functions[TILE_PANELS][TILE_STEPS] = {
    {multiply_4x1, multiply_8x1, multiply_12x1},
    {multiply_4x2, multiply_8x2, multiply_12x2},
};

/* All rows, gathered at `a`, times one or two panels. The last rows are cut evenly: 16 are 8 and 8, not 12 and 4. */
static void multiply_panels(const dmx_gemm *g, const uint16_t *a, size_t row_begin, size_t row_end, size_t panel,
                            size_t panels, float *total)
{
    const size_t k = (size_t)g->taps * (size_t)g->depth, a_stride = gathered_stride(k), k_padded = dmx_bf16_k(k);
    const uint16_t *b0 = g->b_bf16 + panel * k_padded * DMX_PANEL;
    const uint16_t *b1 = b0 + (panels > 1 ? k_padded * DMX_PANEL : 0);
    const finish f = prepare_finish(g, panel, panels);
    for (size_t row = row_begin, rows; row < row_end; row += rows, a += rows * a_stride) {
        const size_t steps = (row_end - row + ROWS_STEP - 1) / ROWS_STEP;
        const size_t tiles = 1 + (steps - 1) / TILE_STEPS, tile_steps = (steps + tiles - 1) / tiles;
        assert(tile_steps >= 1 && tile_steps <= TILE_STEPS);
        rows = tile_steps * ROWS_STEP;
        float *plain = row_end - row >= rows ? plain_target(&f, g, row, rows) : NULL;
        multiply_functions[panels - 1][tile_steps - 1](a, a_stride, b0, b1, (k + 1) / 2, plain != NULL ? plain : total,
                                                       plain != NULL ? g->c_row_stride : TILE_WIDTH);
        if (plain == NULL) finish_block(&f, g, total, row, rows < row_end - row ? rows : row_end - row);
    }
}

void dmx_gemm_bf16_avx512bf16(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                              float *scratch)
{
    if (row_begin >= row_end || panel_begin >= panel_end) return;
    const size_t rows = row_end - row_begin;
    uint16_t *a = (uint16_t *)(void *)(scratch + TILE_FLOATS);
    gather_rows(g, row_begin, rows, round_up(rows, ROWS_STEP), a);
    for (size_t panel = panel_begin, panels; panel < panel_end; panel += panels) {
        panels = panel_end - panel < TILE_PANELS ? panel_end - panel : TILE_PANELS;
        multiply_panels(g, a, row_begin, row_end, panel, panels, scratch);
    }
}

/* ---- packing ---- */

/* Up to DMX_BF16_STEP rows of k by DMX_PANEL columns, whose rows lie contiguously: two rows become one of pairs. */
static void pack_rows(const float *b, ptrdiff_t row_stride, size_t k, size_t columns, uint16_t *packed)
{
    static const uint16_t pairs[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i order = _mm512_loadu_si512(pairs);
    for (size_t i = 0; i < DMX_BF16_STEP; i += 2, packed += 2 * DMX_PANEL) {
        const float *row = b + (ptrdiff_t)i * row_stride;
        const vf even = i < k ? v_load_upto(row, columns) : v_set1(0.0f);
        const vf odd = i + 1 < k ? v_load_upto(row + row_stride, columns) : v_set1(0.0f);
        _mm512_storeu_si512(packed, _mm512_permutexvar_epi16(order, round_32(even, odd)));
    }
}

static void pack_step(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                      uint16_t *packed)
{
    if (column_stride == 1)
        pack_rows(b, row_stride, k, columns, packed);
    else
        pack_columns(b, row_stride, column_stride, k, columns, 2, packed);
}

void dmx_pack_bf16_avx512bf16(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                              uint16_t *packed)
{
    pack_steps(pack_step, b, row_stride, column_stride, k, columns, packed);
}
