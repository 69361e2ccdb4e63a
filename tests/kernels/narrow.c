/* narrow.c - the kernel templates 4 wide, built for any machine: see simd_narrow.h. */
#include "simd_narrow.h"

#include "check.h"
#include "kernels/vector_table.h"

const dmx_kernels kernels_narrow = VECTOR_KERNELS(DMX_CPU_NEON);
