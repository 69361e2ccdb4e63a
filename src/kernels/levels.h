/* levels.h - the tables that kernels.c chooses from. A level that is not built for this machine has no table. */
#ifndef DMX_KERNELS_LEVELS_H
#define DMX_KERNELS_LEVELS_H

#include "kernels/kernels.h"

extern const dmx_kernels dmx_kernels_scalar;     /* scalar.c, everywhere */
extern const dmx_kernels dmx_kernels_avx2;       /* x86/avx2.c */
extern const dmx_kernels dmx_kernels_avx512;     /* x86/avx512.c */
extern const dmx_kernels dmx_kernels_avx512bf16; /* there too */
extern const dmx_kernels dmx_kernels_amx;        /* there too */
extern const dmx_kernels dmx_kernels_neon;       /* arm/neon.c */
extern const dmx_kernels dmx_kernels_neonbf16;   /* there too */

#endif
