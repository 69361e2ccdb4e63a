/* sha256.c - see sha256.h */
#include "kernels/sha256.h"

#include "base/cpu.h"

dmx_sha256_fn dmx_kernels_sha256(void)
{
#ifdef DMX_KERNELS_X86
    if (dmx_cpu_has_sha()) return dmx_sha256_x86;
#endif
    return dmx_sha256_plain;
}
