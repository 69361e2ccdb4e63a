/* narrow.c - the kernel templates 4 wide, built for any machine: see simd_narrow.h. The product of bfloat16 is
 * BFMMLA's, with its blocks in plain C. */
#include "simd_narrow.h"

#include "check.h"
#include "kernels/arm/bf16_blocks.h"
#include "kernels/vector_table.h"
#include "plain_bf16.h"

static inline bf16_block block_load(const uint16_t *p)
{
    bf16_block x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* sum[i][j] += the four products of row i and column j, two by two, as the manual of BFMMLA has it. */
static inline vf block_product(vf sum, bf16_block rows, bf16_block columns)
{
    float r[BLOCK_SIZE], c[BLOCK_SIZE];
    for (int n = 0; n < BLOCK_SIZE; n++) {
        r[n] = widened((const uint16_t *)&rows + n);
        c[n] = widened((const uint16_t *)&columns + n);
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < BLOCK_K; k += 2)
                sum[2 * i + j] +=
                    r[BLOCK_K * i + k] * c[BLOCK_K * j + k] + r[BLOCK_K * i + k + 1] * c[BLOCK_K * j + k + 1];
    return sum;
}

const dmx_kernels kernels_narrow = {
    VECTOR_ENTRIES(DMX_CPU_NEON),    .bf16_rows = BLOCK_TILE_ROWS, .gemm_bf16_scratch = blocks_scratch,
    .gemm_bf16 = multiply_by_blocks, .pack_bf16 = pack_blocks,
};
