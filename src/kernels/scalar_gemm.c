/* scalar_gemm.c - the products of the scalar level and how their panels are packed: the specification of both.
 *
 * One thing goes beyond the textbook, for accuracy: a dot product is added up in blocks, as the vector levels do, since
 * one chain of 3,456 float additions would lose almost a digit. */
#include "kernels/scalar.h"

#include <string.h>

enum { K_BLOCK = 256 };

/* ----------------------------------------------------------------------------------------------------- products */

size_t dmx_gemm_scratch_scalar(size_t rows, size_t k)
{
    (void)rows;
    (void)k;
    return 0;
}

static ptrdiff_t row_offset(size_t row, size_t group_rows, ptrdiff_t group_stride, ptrdiff_t row_stride)
{
    return (ptrdiff_t)(row / group_rows) * group_stride + (ptrdiff_t)(row % group_rows) * row_stride;
}

/* One row of A (at `a`) times one panel. */
static void multiply_row(const dmx_gemm *g, const float *a, size_t index, float sum[DMX_PANEL])
{
    const float *panel = g->b + index * (size_t)g->taps * (size_t)g->depth * DMX_PANEL;
    float part[DMX_PANEL] = {0};
    int filled = 0;
    memset(sum, 0, DMX_PANEL * sizeof *sum);
    for (int t = 0; t < g->taps; t++) {
        for (int k = 0; k < g->depth; k++, panel += DMX_PANEL) {
            float x = a[g->tap_offset[t] + k];
            for (int j = 0; j < DMX_PANEL; j++) part[j] += x * panel[j];
            if (++filled < K_BLOCK) continue;
            for (int j = 0; j < DMX_PANEL; j++) sum[j] += part[j];
            memset(part, 0, sizeof part);
            filled = 0;
        }
    }
    for (int j = 0; j < DMX_PANEL; j++) sum[j] += part[j];
}

/* bfloat16 is the upper half of a float32. */
static float from_bf16(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* To the nearest, ties to even: adding just under half of the last digit kept, or just half where that digit is odd,
 * carries into it when it should. Denormal numbers become 0, as the instructions have it; NaN stays NaN. */
static uint16_t to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) return (uint16_t)(bits >> 16 | 0x40);
    if ((bits & 0x7f800000) == 0) return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* The same on bfloat16. The product of two is exact in float32. */
static void multiply_row_bf16(const dmx_gemm *g, const float *a, size_t index, float sum[DMX_PANEL])
{
    const size_t depth = (size_t)g->depth, k_count = (size_t)g->taps * depth;
    const uint16_t *panel = g->b_bf16 + index * dmx_bf16_k(k_count) * DMX_PANEL;
    float part[DMX_PANEL] = {0};
    memset(sum, 0, DMX_PANEL * sizeof *sum);
    for (size_t k = 0; k < k_count; k++) {
        const float x = from_bf16(to_bf16(a[g->tap_offset[k / depth] + (ptrdiff_t)(k % depth)]));
        for (size_t j = 0; j < DMX_PANEL; j++) part[j] += x * from_bf16(panel[(k / 2 * DMX_PANEL + j) * 2 + k % 2]);
        if (k % K_BLOCK != K_BLOCK - 1) continue;
        for (int j = 0; j < DMX_PANEL; j++) sum[j] += part[j];
        memset(part, 0, sizeof part);
    }
    for (int j = 0; j < DMX_PANEL; j++) sum[j] += part[j];
}

typedef void (*multiply_fn)(const dmx_gemm *g, const float *a, size_t index, float sum[DMX_PANEL]);

static void gemm(const dmx_gemm *g, multiply_fn multiply, size_t row_begin, size_t row_end, size_t panel_begin,
                 size_t panel_end)
{
    const bool glu = g->activation == DMX_ACTIVATION_GLU;
    const size_t width = glu ? DMX_PANEL / 2 : DMX_PANEL; /* outputs a panel gives */
    const size_t outputs = (size_t)(glu ? g->columns / 2 : g->columns);
    for (size_t row = row_begin; row < row_end; row++) {
        const float *a = g->a + row_offset(row, g->group_rows, g->a_group_stride, g->a_row_stride);
        float *c = g->c + row_offset(row, g->group_rows, g->c_group_stride, g->c_row_stride);
        const ptrdiff_t r = row_offset(row, g->group_rows, g->residual_group_stride, g->residual_row_stride);
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            float x[DMX_PANEL];
            multiply(g, a, panel, x);
            for (size_t j = 0; g->factor != NULL && j < DMX_PANEL; j++) x[j] *= g->factor[panel * DMX_PANEL + j];
            for (size_t j = 0; g->bias != NULL && j < DMX_PANEL; j++) x[j] += g->bias[panel * DMX_PANEL + j];
            for (size_t j = 0; j < width && panel * width + j < outputs; j++) {
                size_t n = panel * width + j;
                float y = glu ? x[j] * dmx_sigmoid(x[j + width]) : dmx_activate(x[j], g->activation);
                if (g->scale != NULL) y *= g->scale[n];
                if (g->residual != NULL) y += g->residual[r + (ptrdiff_t)n];
                c[n] = y;
            }
        }
    }
}

void dmx_gemm_f32_scalar(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                         float *scratch)
{
    (void)scratch;
    gemm(g, multiply_row, row_begin, row_end, panel_begin, panel_end);
}

void dmx_gemm_bf16_scalar(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                          float *scratch)
{
    (void)scratch;
    gemm(g, multiply_row_bf16, row_begin, row_end, panel_begin, panel_end);
}

void dmx_pack_f32_scalar(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                         float *packed)
{
    for (size_t first = 0; first < columns; first += DMX_PANEL)
        for (size_t i = 0; i < k; i++)
            for (size_t j = first; j < first + DMX_PANEL; j++)
                *packed++ = j < columns ? b[(ptrdiff_t)i * row_stride + (ptrdiff_t)j * column_stride] : 0.0f;
}

void dmx_pack_bf16_scalar(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                          uint16_t *packed)
{
    for (size_t first = 0; first < columns; first += DMX_PANEL)
        for (size_t i = 0; i < dmx_bf16_k(k); i += 2)
            for (size_t j = first; j < first + DMX_PANEL; j++)
                for (size_t n = i; n < i + 2; n++) {
                    const bool inside = n < k && j < columns;
                    *packed++ = inside ? to_bf16(b[(ptrdiff_t)n * row_stride + (ptrdiff_t)j * column_stride]) : 0;
                }
}
