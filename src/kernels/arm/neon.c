/* neon.c - the templates at the NEON level, which every 64-bit ARM has. */
#include "kernels/arm/simd_neon.h"

#include "kernels/levels.h"
#include "kernels/vector_table.h"

const dmx_kernels dmx_kernels_neon = VECTOR_KERNELS(DMX_CPU_NEON);
