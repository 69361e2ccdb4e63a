/* avx512.c - the templates at the AVX-512 level. Compiled with this level's flags: run only where the CPU has it. */
#include "kernels/x86/simd_avx512.h"

#include "kernels/levels.h"
#include "kernels/vector_table.h"

const dmx_kernels dmx_kernels_avx512 = VECTOR_KERNELS(DMX_CPU_AVX512);
