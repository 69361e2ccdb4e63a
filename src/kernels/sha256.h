/* sha256.h - the fastest way that this CPU has to sum up blocks for base/sha256.h. It does not go by the level: the
 * sums are the same, and the instructions are a feature of their own. */
#ifndef DMX_KERNELS_SHA256_H
#define DMX_KERNELS_SHA256_H

#include "base/sha256.h"

dmx_sha256_fn dmx_kernels_sha256(void);

/* With Intel's SHA instructions (x86/sha.c). */
void dmx_sha256_x86(uint32_t state[8], const unsigned char *blocks, size_t count);

#endif
