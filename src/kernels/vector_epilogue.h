/* vector_epilogue.h - what a GEMM does with the sums of a tile: factor, bias, activation, scale, residual.
 * Template. Parameters: those of a simd_*.h. Shared by the products of float32 (vector_gemm.h) and of bfloat16
 * (bf16_gemm.h).
 *
 * The sums pass through a small buffer, in the nearest cache: a store and a load for each vector of a tile, beside `k`
 * multiply-adds, and it spares a copy of the epilogue for each tile height. */
#ifndef DMX_KERNELS_VECTOR_EPILOGUE_H
#define DMX_KERNELS_VECTOR_EPILOGUE_H

#include "kernels/vector_math.h"

#include <string.h>

enum {
    TILE_PANELS = SIMD_WIDE ? 2 : 1,
    TILE_WIDTH = TILE_PANELS * DMX_PANEL, /* columns of B */
    TILE_VECTORS = TILE_WIDTH / LANES,    /* 2, or 4 where vectors have 4 floats */
    TILE_FLOATS = TILE_ROWS * TILE_WIDTH
};

typedef struct tile {
    const float *a;
    float *c;
    const float *residual;
    int rows;
} tile;

/* Rows from `row` on that lie in one group, up to row_end. */
static ALWAYS_INLINE size_t rows_of_group(const dmx_gemm *g, size_t row, size_t row_end)
{
    const size_t left = g->group_rows - row % g->group_rows;
    return left < row_end - row ? left : row_end - row;
}

/* A tile of rows of one group. */
static ALWAYS_INLINE tile tile_at(const dmx_gemm *g, size_t row, size_t rows)
{
    const ptrdiff_t n = (ptrdiff_t)(row / g->group_rows), i = (ptrdiff_t)(row % g->group_rows);
    return (tile){
        .a = g->a + n * g->a_group_stride + i * g->a_row_stride,
        .c = g->c + n * g->c_group_stride + i * g->c_row_stride,
        .residual =
            g->residual == NULL ? NULL : g->residual + n * g->residual_group_stride + i * g->residual_row_stride,
        .rows = (int)rows,
    };
}

/* Whether nothing follows the sums, but perhaps the residual. */
static bool is_bare(const dmx_gemm *g)
{
    return g->activation == DMX_ACTIVATION_NONE && g->factor == NULL && g->bias == NULL && g->scale == NULL;
}

/* What follows the sums: which outputs of C these are, and what each column is multiplied with and gets added. */
typedef struct finish {
    size_t column, count;
    int vectors; /* of sums in a row */
    vf factor[TILE_VECTORS], bias[TILE_VECTORS], scale[TILE_VECTORS];
} finish;

static finish prepare_finish(const dmx_gemm *g, size_t panel, size_t panels)
{
    const bool glu = g->activation == DMX_ACTIVATION_GLU;
    const size_t panel_outputs = glu ? DMX_PANEL / 2 : DMX_PANEL;
    const size_t outputs = (size_t)(glu ? g->columns / 2 : g->columns);
    finish f = {.column = panel * panel_outputs, .count = panels * panel_outputs};
    if (f.count > outputs - f.column) f.count = outputs - f.column;
    f.vectors = (int)panels * DMX_PANEL / LANES;
    for (int v = 0; v < TILE_VECTORS; v++) {
        const ptrdiff_t at = (ptrdiff_t)panel * DMX_PANEL + v * LANES;
        const bool used = v < f.vectors;
        const size_t begin = (size_t)v * LANES, left = f.count > begin ? f.count - begin : 0;
        f.factor[v] = used && g->factor != NULL ? v_load(g->factor + at) : v_set1(1.0f);
        f.bias[v] = used && g->bias != NULL ? v_load(g->bias + at) : v_set1(0.0f);
        f.scale[v] = left > 0 && g->scale != NULL ? v_load_upto(g->scale + f.column + begin, left) : v_set1(1.0f);
    }
    return f;
}

/* Factor, bias, activation, scale and residual for one tile. `whole`: all outputs of the tile's width are there. With
 * GLU the second half of the tile's vectors has the gates of the first, or both have some of each (v_glu_values). */
static ALWAYS_INLINE void finish_rows(const finish *f, const dmx_gemm *g, const tile *t, const float *total,
                                      const bool whole, const dmx_activation activation)
{
    const bool glu = activation == DMX_ACTIVATION_GLU;
    const int outputs = glu ? TILE_VECTORS / 2 : TILE_VECTORS;
    float *c = t->c + f->column;
    const float *residual = t->residual != NULL ? t->residual + f->column : NULL;
    for (int r = 0; r < t->rows; r++, total += TILE_WIDTH, c += g->c_row_stride) {
        vf x[TILE_VECTORS] = {v_fma(v_load(total), f->factor[0], f->bias[0])};
        for (int v = 1; v < TILE_VECTORS; v++)
            x[v] = v < f->vectors ? v_fma(v_load(total + v * LANES), f->factor[v], f->bias[v]) : x[0];
        for (int v = 0; v < outputs; v++) {
            const size_t at = (size_t)v * LANES, left = whole ? LANES : f->count - at;
            if (!whole && f->count <= at) continue;
            const vf gate = glu ? x[v + TILE_VECTORS / 2] : x[v];
            vf y = glu ? v_glu(v_glu_values(x[v], gate), v_glu_gates(x[v], gate)) : v_activate(x[v], activation);
            y = y * f->scale[v];
            if (residual != NULL) y = y + v_load_upto(residual + at, left);
            v_store_upto(c + at, y, left);
        }
        if (residual != NULL) residual += g->residual_row_stride;
    }
}

static void finish_tile(const finish *f, const dmx_gemm *g, const tile *t, const float *total)
{
#define FINISH(activation)                                                                                             \
    if (f->count == TILE_WIDTH / ((activation) == DMX_ACTIVATION_GLU ? 2 : 1))                                         \
        finish_rows(f, g, t, total, true, activation);                                                                 \
    else                                                                                                               \
        finish_rows(f, g, t, total, false, activation);                                                                \
    break

    switch (g->activation) {
    case DMX_ACTIVATION_NONE: FINISH(DMX_ACTIVATION_NONE);
    case DMX_ACTIVATION_RELU: FINISH(DMX_ACTIVATION_RELU);
    case DMX_ACTIVATION_GELU: FINISH(DMX_ACTIVATION_GELU);
    case DMX_ACTIVATION_GLU: FINISH(DMX_ACTIVATION_GLU);
    }
#undef FINISH
}

#endif
