/* wide.c - the kernel templates 16 wide, built for AVX2: see simd_wide.h. */
#include "simd_wide.h"

#include "check.h"
#include "kernels/vector_table.h"

const dmx_kernels kernels_wide = VECTOR_KERNELS(DMX_CPU_AVX512);
