/* avx512.c - the templates at the AVX-512 level, and the tables of the two levels above it, which add the products of
 * bfloat16. Compiled with this level's flags: run only where the CPU has it. */
#include "kernels/x86/simd_avx512.h"

#include "kernels/levels.h"
#include "kernels/vector_table.h"
#include "kernels/x86/bf16.h"

const dmx_kernels dmx_kernels_avx512 = VECTOR_KERNELS(DMX_CPU_AVX512);

const dmx_kernels dmx_kernels_avx512bf16 = {
    VECTOR_ENTRIES(DMX_CPU_AVX512BF16),
    .bf16_rows = DMX_BF16_ROWS_AVX512BF16,
    .gemm_bf16_scratch = dmx_gemm_bf16_scratch_avx512bf16,
    .gemm_bf16 = dmx_gemm_bf16_avx512bf16,
    .pack_bf16 = dmx_pack_bf16_avx512bf16,
};

#ifdef DMX_KERNELS_AMX
const dmx_kernels dmx_kernels_amx = {
    VECTOR_ENTRIES(DMX_CPU_AMX),
    .bf16_rows = DMX_BF16_ROWS_AMX,
    .gemm_bf16_scratch = dmx_gemm_bf16_scratch_amx,
    .gemm_bf16 = dmx_gemm_bf16_amx,
    .pack_bf16 = dmx_pack_bf16_avx512bf16,
};
#endif
