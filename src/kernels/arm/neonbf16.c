/* neonbf16.c - the bfloat16 product with BFMMLA, which multiplies 2 x 4 by 4 x 2 and adds the products up to 2 x 2
 * floats: four times the work of a float32 multiply-add. See bf16_blocks.h. Compiled with this level's flags: run only
 * where the CPU has it.
 *
 * BFMMLA has its own arithmetic, whatever the rounding mode is: denormal numbers are 0, and sums that are no float32
 * are rounded to that of their two neighbours whose last bit is 1. */
#include "kernels/arm/simd_neon.h"

#include "kernels/arm/bf16.h"
#include "kernels/arm/bf16_blocks.h"

static inline bf16_block block_load(const uint16_t *p) { return vld1q_u16(p); }

static inline vf block_product(vf sum, bf16_block rows, bf16_block columns)
{
    return vbfmmlaq_f32(sum, vreinterpretq_bf16_u16(rows), vreinterpretq_bf16_u16(columns));
}

/* 8 floats to bfloat16, to the nearest, ties to even. */
static inline void round_8(const float *from, uint16_t *to)
{
    const bfloat16x8_t low = vcvtq_low_bf16_f32(vld1q_f32(from));
    vst1q_u16(to, vreinterpretq_u16_bf16(vcvtq_high_bf16_f32(low, vld1q_f32(from + 4))));
}

static void round_run(const float *from, size_t n, uint16_t *to)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) round_8(from + i, to + i);
    if (i == n) return;
    float left[8] = {0};
    uint16_t rounded[8];
    memcpy(left, from + i, (n - i) * sizeof *from);
    round_8(left, rounded);
    memcpy(to + i, rounded, (n - i) * sizeof *to);
}

size_t dmx_gemm_bf16_scratch_neonbf16(size_t rows, size_t k) { return blocks_scratch(rows, k); }

void dmx_gemm_bf16_neonbf16(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                            float *scratch)
{
    multiply_by_blocks(g, row_begin, row_end, panel_begin, panel_end, scratch);
}

void dmx_pack_bf16_neonbf16(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                            uint16_t *packed)
{
    pack_blocks(b, row_stride, column_stride, k, columns, packed);
}
