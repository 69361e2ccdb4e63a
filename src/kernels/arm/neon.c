/* neon.c - the templates at the NEON level, which every 64-bit ARM has, and the table of the level above it, which adds
 * the products of bfloat16. */
#include "kernels/arm/simd_neon.h"

#include "kernels/arm/bf16.h"
#include "kernels/levels.h"
#include "kernels/vector_table.h"

const dmx_kernels dmx_kernels_neon = VECTOR_KERNELS(DMX_CPU_NEON);

#ifdef DMX_KERNELS_NEONBF16
const dmx_kernels dmx_kernels_neonbf16 = {
    VECTOR_ENTRIES(DMX_CPU_NEONBF16),
    .bf16_rows = DMX_BF16_ROWS_NEONBF16,
    .gemm_bf16_scratch = dmx_gemm_bf16_scratch_neonbf16,
    .gemm_bf16 = dmx_gemm_bf16_neonbf16,
    .pack_bf16 = dmx_pack_bf16_neonbf16,
};
#endif
