/* kernels.c - from a CPU level to its table. Which levels are built in is decided by CMakeLists.txt, that is by the
 * machine the engine is built for; which one is used is decided at run time by the caller. */
#include "kernels/kernels.h"

#include "kernels/levels.h"

#include <stddef.h>

static const dmx_kernels *const tables[DMX_CPU_LEVELS] = {
    [DMX_CPU_SCALAR] = &dmx_kernels_scalar,
#ifdef DMX_KERNELS_X86
    [DMX_CPU_AVX2] = &dmx_kernels_avx2,
    [DMX_CPU_AVX512] = &dmx_kernels_avx512,
    [DMX_CPU_AVX512BF16] = &dmx_kernels_avx512bf16,
#endif
#ifdef DMX_KERNELS_AMX
    [DMX_CPU_AMX] = &dmx_kernels_amx,
#endif
#ifdef DMX_KERNELS_ARM
    [DMX_CPU_NEON] = &dmx_kernels_neon,
#endif
#ifdef DMX_KERNELS_NEONBF16
    [DMX_CPU_NEONBF16] = &dmx_kernels_neonbf16,
#endif
};

const dmx_kernels *dmx_kernels_get(dmx_cpu_level level)
{
    int i = (int)level;
    while (tables[i] == NULL) i--; /* ends at the scalar level, which is always there */
    return tables[i];
}
