/* vector_epilogue.h - what a GEMM does with the sums of a tile: factor, bias, activation, scale, residual. Template:
 * include a simd_*.h first. Shared by the products of float32 (vector_gemm.h) and of bfloat16 (x86/bf16_gemm.h).
 *
 * The sums pass through a small buffer, in the nearest cache: a store and a load for each vector of a tile, beside `k`
 * multiply-adds, and it spares a copy of the epilogue for each tile height. */
#ifndef DMX_KERNELS_VECTOR_EPILOGUE_H
#define DMX_KERNELS_VECTOR_EPILOGUE_H

#include "kernels/vector_math.h"

#include <string.h>

enum {
    TILE_WIDTH = 2 * LANES,               /* columns of B */
    TILE_PANELS = TILE_WIDTH / DMX_PANEL, /* 1 or 2 */
    TILE_FLOATS = TILE_ROWS * TILE_WIDTH
};

typedef struct tile {
    const float *a;
    float *c;
    const float *residual;
    int rows;
} tile;

/* What follows the sums: which outputs of C these are, and what each column is multiplied with and gets added. */
typedef struct finish {
    size_t column, count;
    int vectors; /* of sums in a row */
    vf factor[2], bias[2], scale[2];
} finish;

static finish prepare_finish(const dmx_gemm *g, size_t panel, size_t panels)
{
    const bool glu = g->activation == DMX_ACTIVATION_GLU;
    const size_t panel_outputs = glu ? DMX_PANEL / 2 : DMX_PANEL;
    const size_t outputs = (size_t)(glu ? g->columns / 2 : g->columns);
    finish f = {.column = panel * panel_outputs, .count = panels * panel_outputs};
    if (f.count > outputs - f.column) f.count = outputs - f.column;
    f.vectors = (int)panels * DMX_PANEL / LANES;
    for (int v = 0; v < 2; v++) {
        const ptrdiff_t at = (ptrdiff_t)panel * DMX_PANEL + v * LANES;
        const bool used = v < f.vectors;
        const size_t begin = (size_t)v * LANES, left = f.count > begin ? f.count - begin : 0;
        f.factor[v] = used && g->factor != NULL ? v_load(g->factor + at) : v_set1(1.0f);
        f.bias[v] = used && g->bias != NULL ? v_load(g->bias + at) : v_set1(0.0f);
        f.scale[v] = left > 0 && g->scale != NULL ? v_load_upto(g->scale + f.column + begin, left) : v_set1(1.0f);
    }
    return f;
}

/* Factor, bias, activation, scale and residual for one tile. `whole`: all outputs of the tile's width are there. */
static ALWAYS_INLINE void finish_rows(const finish *f, const dmx_gemm *g, const tile *t, const float *total,
                                      const bool whole, const dmx_activation activation)
{
    const bool glu = activation == DMX_ACTIVATION_GLU;
    float *c = t->c + f->column;
    const float *residual = t->residual != NULL ? t->residual + f->column : NULL;
    for (int r = 0; r < t->rows; r++, total += TILE_WIDTH, c += g->c_row_stride) {
        vf x[2] = {v_fma(v_load(total), f->factor[0], f->bias[0])};
        x[1] = f->vectors > 1 ? v_fma(v_load(total + LANES), f->factor[1], f->bias[1]) : x[0];
        if (glu) x[0] = v_glu(v_glu_values(x[0], x[1]), v_glu_gates(x[0], x[1]));
        for (size_t v = 0; v < (glu ? 1 : 2); v++) {
            const size_t left = whole ? LANES : f->count - v * LANES;
            if (!whole && f->count <= v * LANES) continue;
            vf y = (glu ? x[v] : v_activate(x[v], activation)) * f->scale[v];
            if (residual != NULL) y = y + v_load_upto(residual + v * LANES, left);
            v_store_upto(c + v * LANES, y, left);
        }
        if (residual != NULL) residual += g->residual_row_stride;
    }
}

static void finish_tile(const finish *f, const dmx_gemm *g, const tile *t, const float *total)
{
#define FINISH(activation)                                                                                             \
    if (f->count == ((activation) == DMX_ACTIVATION_GLU ? LANES : 2 * LANES))                                          \
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
