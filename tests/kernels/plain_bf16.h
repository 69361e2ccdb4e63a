/* plain_bf16.h - bfloat16 without instructions for it: what the stand-ins for products of bfloat16 share. */
#ifndef TESTS_KERNELS_PLAIN_BF16_H
#define TESTS_KERNELS_PLAIN_BF16_H

#include "kernels/kernels.h"

#include <string.h>

/* A number at any address. */
static inline float widened(const void *from)
{
    uint16_t upper_half;
    memcpy(&upper_half, from, sizeof upper_half);
    const uint32_t bits = (uint32_t)upper_half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* See kernels/bf16_gemm.h. The scalar level packs 16 columns by pairs of k: of a single row of k, every other number of
 * the first 32 is one of the columns. */
static void round_run(const float *from, size_t n, uint16_t *to)
{
    uint16_t packed[DMX_PANEL * DMX_BF16_STEP];
    for (size_t i = 0; i < n; i += DMX_PANEL) {
        const size_t count = n - i < DMX_PANEL ? n - i : DMX_PANEL;
        dmx_kernels_get(DMX_CPU_SCALAR)->pack_bf16(from + i, 0, 1, 1, count, packed);
        for (size_t j = 0; j < count; j++) to[i + j] = packed[2 * j];
    }
}

#endif
